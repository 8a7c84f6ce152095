# Which Node and which package manager the app wants, and getting them from the registry.

DEFAULT_NODE=24.x

# Reads package.json once, for everybody.
read_package() {
  local text
  text=$(jq -r '@sh "engine_node=\(.engines.node? // "")
    engine_npm=\(.engines.npm? // "") engine_pnpm=\(.engines.pnpm? // "")
    engine_yarn=\(.engines.yarn? // "")
    package_manager=\(.packageManager // "" | split("+")[0])
    build_script=\(if .scripts["heroku-postbuild"]? then "heroku-postbuild"
      elif .scripts.build? then "build" else "" end)
    workspaces=\(if .workspaces then "yes" else "" end)
    development=\(.devDependencies // {} | length)"' package.json) || return
  eval "$text"
}

# Leaves the range of versions that the app wants in $wanted_node.
choose_node() {
  wanted_node=$engine_node
  if [[ -z $wanted_node && -f .nvmrc ]]; then
    wanted_node=$(sed 's/#.*//; s/^ *v//' .nvmrc | tr -d '[:space:]')
  elif [[ -z $wanted_node && -f .node-version ]]; then
    wanted_node=$(sed 's/#.*//; s/^ *v//' .node-version | tr -d '[:space:]')
  fi
  case $wanted_node in '' | lts* | node | stable) wanted_node=$DEFAULT_NODE ;; esac
}

# Has the package $1 of the registry at the version or range $2, unpacked in a folder of the cache
# whose path it leaves in $folder, and the version in $version.
get_package() {
  local work
  folder=$cache/tools/${1//\//%}@${2//\//%}
  if [[ -f $folder.version ]]; then
    version=$(<"$folder.version")
    return
  fi
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
  version=$(jq -r .version "$folder/package.json")
  echo "$version" >"$folder.version"
}

install_runtime() {
  local version machine known
  choose_node
  case $(uname -m) in
    x86_64) machine=x64 ;;
    aarch64) machine=arm64 ;;
    *) fail "The registry has no Node for $(uname -m)." ;;
  esac
  if ! get_package "node-linux-$machine" "$wanted_node"; then
    known=$(npm view "node-linux-$machine" versions --json 2>/dev/null |
      jq -r 'map(split(".") | map(tonumber? // 0)) | sort | group_by(.[0])
        | map(.[-1] | map(tostring) | join(".")) | .[-6:] | join(", ")') || known=
    fail "Node $wanted_node, which package.json, .nvmrc or .node-version asks for, cannot be had." \
      "The newest of each line are: ${known:-unknown, the registry does not answer}."
  fi
  node_version=$version
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
  local name wanted package program engine
  if [[ -f pnpm-lock.yaml || $package_manager == pnpm@* ]]; then
    manager=pnpm
  elif [[ -f yarn.lock || $package_manager == yarn@* ]]; then
    manager=yarn
  else
    manager=npm
  fi
  engine=engine_$manager wanted=
  [[ $package_manager != "$manager"@* ]] || wanted=${package_manager#*@}
  wanted=${wanted:-${!engine}}
  name=$manager package=$manager
  case $manager in
    npm) wanted=${wanted:-$(default_npm)} program=bin/npm-cli.js ;;
    pnpm) wanted=${wanted:-$(default_pnpm)} program=bin/pnpm.cjs ;;
    yarn)
      wanted=${wanted:-1.22.x} program=bin/yarn.js
      if [[ -f .yarnrc.yml || $wanted =~ ^[2-9] ]]; then
        package=@yarnpkg/cli-dist
        [[ $wanted =~ ^[2-9] ]] || wanted='^4'
      fi
      ;;
  esac
  get_package "$package" "$wanted" || fail "$name $wanted cannot be had from the registry."
  manager_version=$version
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
