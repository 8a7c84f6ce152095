# What every part of the buildpack says and does the same way.

step() { echo "-----> $*"; }
note() { echo "       $*"; }
fail() {
  echo " !     $1" >&2
  shift
  for line in "$@"; do echo " !     $line" >&2; done
  exit 1
}

# Copies a tree, whole or not at all; links its files where both are on one file system, which
# takes no time.
copy() {
  rm -rf "$2" "$2.part"
  cp -al "$1" "$2.part" 2>/dev/null || { rm -rf "$2.part" && cp -a "$1" "$2.part"; }
  mv -T "$2.part" "$2"
}

# Removes a tree without waiting for it.
forget_later() {
  [[ -e $1 ]] || return 0
  local trash
  trash=$(mktemp -d "$cache/trash.XXXXXX")
  mv "$1" "$trash"
  rm -rf "$cache"/trash.* >/dev/null 2>&1 &
}

# Runs a command with the config of the app, except for what would change the tools themselves.
with_config() (
  if [[ -d $env ]]; then
    for file in "$env"/*; do
      key=${file##*/}
      case $key in
        '*' | PATH | HOME | GIT_DIR | IFS | ENV | BASH_ENV | SHELLOPTS | LD_* | PYTHON* | VIRTUAL_ENV) ;;
        *) export "$key=$(cat "$file" && echo .)" && export "$key=${!key%.}" ;;
      esac
    done
  fi
  "$@"
)
