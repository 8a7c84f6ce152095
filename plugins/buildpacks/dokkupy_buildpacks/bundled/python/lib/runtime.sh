# Which Python there is, and which one the app wants.

# Leaves the version that the app wants in $wanted, and the file that says so in $where.
read_wanted() {
  wanted='' where=''
  if [[ -f runtime.txt ]]; then
    where=runtime.txt
    wanted=$(tr -d '[:space:]' <runtime.txt)
    [[ $wanted == python-* ]] || fail "runtime.txt says '$wanted'." "Write python-3.11 into it."
  elif [[ -f .python-version ]]; then
    where=.python-version
    wanted=$(sed 's/#.*//; s/^[[:space:]]*//; s/[[:space:]]*$//' .python-version | grep -m1 . || true)
  fi
  wanted=${wanted#python-}
}

version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# Leaves the path of the interpreter to use in $python, and its version in $version.
choose_python() {
  local wanted where found candidate
  read_wanted
  if [[ -z $wanted ]]; then
    python=$(command -v python3) && version=$(version_of "$python") ||
      fail "This stack has no Python."
    return
  fi
  found=()
  for candidate in $(compgen -c python3 | grep -Ex 'python3(\.[0-9]+)?' | sort -Vru); do
    python=$(command -v "$candidate") && version=$(version_of "$python") || continue
    [[ $version != "$wanted" && $version != "$wanted".* ]] || return 0
    [[ " ${found[*]} " == *" $version "* ]] || found+=("$version")
  done
  fail "Python $wanted, which $where asks for, cannot be had on the stack ${STACK:-here}." \
    "It has ${found[*]:-none}. Write ${found[0]%.*} there, or move the app to another stack."
}
