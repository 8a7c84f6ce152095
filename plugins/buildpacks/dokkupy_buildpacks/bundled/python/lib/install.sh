# Installing what the app depends on: with uv, or with Poetry where the app has its lock.

UV='uv>=0.8,<1'
POETRY='poetry>=2,<3'

# Prints the file that says what to install.
choose_kind() {
  local file
  for file in uv.lock poetry.lock requirements.txt pyproject.toml setup.py; do
    if [[ -f $file ]]; then
      echo "$file"
      return
    fi
  done
  echo none
}

# Prints what changes whenever other packages have to be installed.
fingerprint() {
  {
    echo "$version"
    cat "$here"/lib/install.sh
    find . -maxdepth 3 -not -path './.*' -type f \
      \( -name '*requirements*' -o -name '*constraints*' -o -path '*/requirements/*' \
      -o -name pyproject.toml -o -name uv.lock -o -name poetry.lock -o -name setup.py \
      -o -name setup.cfg \) -print0 | sort -z | xargs -0r sha256sum
    # A package of the app's own that is installed rather than linked changes with its code.
    if [[ $kind == requirements.txt ]] && grep -Eqs '^ *(\.|file:)' requirements.txt; then
      find . -not -path './.*' -type f -print0 | sort -z | xargs -0r sha256sum
    fi
  } | sha256sum
}

# Has uv in the cache.
get_uv() {
  uv=$cache/uv/bin/uv
  export UV_CACHE_DIR=$cache/uv-cache UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1
  if ! "$uv" --version >/dev/null 2>&1; then
    step "Installing uv"
    rm -rf "$cache/uv"
    "$python" "$here/lib/run_pip.py" install --quiet --no-cache-dir --disable-pip-version-check \
      --target "$cache/uv" "$UV"
  fi
}

# Says whether there is nothing to install.
bare() {
  [[ $kind == none ]] || { [[ $kind == requirements.txt ]] && ! grep -Eq '^ *[^# ]' requirements.txt; }
}

install_packages() {
  rm -rf "$build/.heroku/python"
  mkdir -p "$build/.heroku/python"
  if bare; then
    step "Python $version, without packages"
    "$python" -m venv --without-pip "$build/.heroku/python"
    return
  fi
  get_uv
  step "Installing packages of $kind for Python $version"
  "$uv" venv --quiet --python "$python" "$home"
  export VIRTUAL_ENV=$home
  with_pip_settings
  case $kind in
    uv.lock)
      UV_PROJECT_ENVIRONMENT=$home with_config "$uv" sync --frozen --no-dev --no-install-project
      install_project
      ;;
    poetry.lock) install_with_poetry ;;
    requirements.txt) with_config "$uv" pip install --requirement requirements.txt ;;
    *) with_config "$uv" pip install --editable . ;;
  esac
  move_home
  "$home/bin/python" -m compileall -q -j 0 "$home/lib" >/dev/null || true
}

# The project itself, when it is a package; its files stay where they are.
install_project() {
  if grep -Eq '^\[build-system\]' pyproject.toml; then
    with_config "$uv" pip install --no-deps --editable .
  fi
}

install_with_poetry() {
  local poetry=$cache/poetry
  if ! "$poetry/bin/poetry" --version >/dev/null 2>&1; then
    step "Installing Poetry"
    rm -rf "$poetry"
    "$uv" venv --quiet --python "$python" "$poetry"
    VIRTUAL_ENV=$poetry "$uv" pip install --quiet "$POETRY"
  fi
  export POETRY_VIRTUALENVS_CREATE=false POETRY_CACHE_DIR=$cache/poetry-cache POETRY_NO_INTERACTION=1
  # Without pip's own in the environment Poetry uses the installer that it brings.
  with_config "$poetry/bin/poetry" sync --only main --no-root --no-ansi
  install_project
}

# uv reads no settings of pip's: the two that matter are handed over.
with_pip_settings() {
  local key value
  for key in INDEX_URL EXTRA_INDEX_URL; do
    value=PIP_$key
    if [[ -n $env && -f $env/$value ]]; then
      value=$(cat "$env/$value")
    else
      value=${!value:-}
    fi
    if [[ -n $value ]]; then
      export "UV_$key=$value"
    fi
  done
}

# What was installed where it was built is looked for where it runs.
move_home() {
  [[ $build != /app ]] || return 0
  { grep -rlIF --include='*.pth' --include='*.py' --include=direct_url.json "$build" \
    "$build/.heroku/python/lib" || true; } | while read -r file; do
    sed -i "s#$build#/app#g" "$file"
  done
}
