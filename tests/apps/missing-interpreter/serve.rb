#!/usr/bin/ruby
puts "never run"
