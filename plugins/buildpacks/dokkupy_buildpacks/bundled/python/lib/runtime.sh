# Which Python there is, and which one the app wants.

# Prints the version that the app wants, and where it says so; nothing when any will do.
wanted_python() {
  local text
  if [[ -f runtime.txt ]]; then
    text=$(tr -d '[:space:]' <runtime.txt)
    [[ $text == python-* ]] || fail "runtime.txt says '$text'." "Write python-3.11 into it."
    echo "${text#python-} runtime.txt"
  elif [[ -f .python-version ]]; then
    text=$(sed 's/#.*//' .python-version | tr -d '[:blank:]' | grep -m1 . || true)
    [[ -z $text ]] || echo "${text#python-} .python-version"
  fi
}

version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# Leaves the path of the interpreter to use in $python, and its version in $version.
choose_python() {
  local wanted where found candidate
  read -r wanted where <<<"$(wanted_python)"
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
