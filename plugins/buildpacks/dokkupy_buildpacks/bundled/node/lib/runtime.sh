# Which Node and which package manager the app wants, and getting them from the registry.

DEFAULT_NODE=24.x

# Prints the range of versions that the app wants.
wanted_node() {
  local text
  text=$(jq -r '.engines.node // ""' package.json)
  if [[ -z $text && -f .nvmrc ]]; then
    text=$(sed 's/#.*//; s/^ *v//' .nvmrc | tr -d '[:space:]')
  elif [[ -z $text && -f .node-version ]]; then
    text=$(sed 's/#.*//; s/^ *v//' .node-version | tr -d '[:space:]')
  fi
  case $text in '' | lts* | node | stable) text=$DEFAULT_NODE ;; esac
  echo "$text"
}

# Has the package $1 of the registry at the version or range $2, unpacked in a folder of the cache
# whose path it leaves in $folder.
get_package() {
  local work
  folder=$cache/tools/$(sha256sum <<<"$1@$2" | cut -c1-16)
  [[ -f $folder/package.json ]] && return
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  if ! (cd "$work" && npm pack --silent "$1@$2" >/dev/null 2>error.log); then
    cat "$work/error.log" >&2
    rm -rf "$work"
    return 1
  fi
  mkdir -p "$cache/tools"
  tar --extract --gzip --no-same-owner --directory "$work" --file "$work"/*.tgz
  rm -rf "$folder"
  mv "$work/package" "$folder"
  rm -rf "$work"
}

version_in() { jq -r .version "$1/package.json"; }

install_runtime() {
  local wanted machine known
  wanted=$(wanted_node)
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) fail "The registry has no Node for $(uname -m)." ;;
  esac
  if ! get_package "node-linux-$machine" "$wanted"; then
    known=$(npm view "node-linux-$machine" versions --json 2>/dev/null |
      jq -r 'map(split(".") | map(tonumber? // 0)) | sort | group_by(.[0])
        | map(.[-1] | map(tostring) | join(".")) | .[-6:] | join(", ")') || known=
    fail "Node $wanted, which package.json, .nvmrc or .node-version asks for, cannot be had." \
      "The newest of each line are: ${known:-unknown, the registry does not answer}."
  fi
  node_version=$(version_in "$folder")
  mkdir -p .heroku/node/bin .heroku/node/lib
  rm -f .heroku/node/bin/node
  ln "$folder/bin/node" .heroku/node/bin/node 2>/dev/null ||
    cp "$folder/bin/node" .heroku/node/bin/node
  chmod +x .heroku/node/bin/node
  install_manager
  step "Node $node_version with $manager $manager_version"
}

# Chooses the package manager by the lock file, and by what package.json says of it.
install_manager() {
  local name version range package program
  range=$(jq -r '.packageManager // "" | split("+")[0]' package.json)
  if [[ -f pnpm-lock.yaml || $range == pnpm@* ]]; then
    manager=pnpm
  elif [[ -f yarn.lock || $range == yarn@* ]]; then
    manager=yarn
  else
    manager=npm
  fi
  version=
  [[ $range != "$manager"@* ]] || version=${range#*@}
  [[ -n $version ]] || version=$(jq -r --arg name "$manager" '.engines[$name] // ""' package.json)
  name=$manager package=$manager
  case $manager in
    npm) version=${version:-$(default_npm)} program=bin/npm-cli.js ;;
    pnpm) version=${version:-$(default_pnpm)} program=bin/pnpm.cjs ;;
    yarn)
      version=${version:-1.22.x} program=bin/yarn.js
      if [[ -f .yarnrc.yml || $version =~ ^[2-9] ]]; then
        package=@yarnpkg/cli-dist
        [[ $version =~ ^[2-9] ]] || version='^4'
      fi
      ;;
  esac
  get_package "$package" "$version" || fail "$name $version cannot be had from the registry."
  manager_version=$(version_in "$folder")
  copy "$folder" ".heroku/node/lib/$name"
  chmod +x ".heroku/node/lib/$name/$program"
  ln -sfn "../lib/$name/$program" ".heroku/node/bin/$name"
  if [[ $name == npm ]]; then
    ln -sfn ../lib/npm/bin/npx-cli.js .heroku/node/bin/npx
    chmod +x .heroku/node/lib/npm/bin/npx-cli.js
  fi
}

default_npm() {
  case ${node_version%%.*} in
    [0-9] | 1[0-7]) echo 8.x ;;
    18 | 19) echo 10.x ;;
    *) echo 11.x ;;
  esac
}

default_pnpm() {
  if [[ -f pnpm-lock.yaml ]] && grep -Eq "^lockfileVersion: '?[56]" pnpm-lock.yaml; then
    echo 8.x
  else
    echo 10.x
  fi
}
