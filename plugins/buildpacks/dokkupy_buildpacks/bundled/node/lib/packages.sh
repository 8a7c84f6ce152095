# Installing what the app depends on, building it, and leaving out what only the build needed.

# Prints what changes whenever other packages have to be installed.
fingerprint() {
  {
    echo "$node_version $manager $manager_version"
    cat package.json .npmrc .yarnrc .yarnrc.yml 2>/dev/null
    cat package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock 2>/dev/null || true
  } | sha256sum
}

# Packages of one repository refer to each other: what they installed cannot be put elsewhere.
one_package() { [[ ! -f pnpm-workspace.yaml && -z $workspaces ]]; }

install_packages() {
  wanted=$(fingerprint)
  checked_in=
  reused=
  export NPM_CONFIG_CACHE=$cache/npm YARN_CACHE_FOLDER=$cache/yarn CI=true
  export YARN_ENABLE_GLOBAL_CACHE=false YARN_ENABLE_TELEMETRY=0
  if [[ -d node_modules ]]; then
    checked_in=yes
    step "Using node_modules of the repository"
    NODE_ENV=development with_config npm rebuild
  elif [[ -d $cache/whole && $wanted == "$(cat "$cache/fingerprint" 2>/dev/null)" ]]; then
    reused=yes
    step "Using the packages of the last build"
    if [[ -n $build_script || ! -d $cache/lean ]]; then
      copy "$cache/whole" node_modules
    else
      copy "$cache/lean" node_modules
    fi
  else
    step "Installing packages with $manager"
    NODE_ENV=development with_config install_with "$manager"
    mkdir -p node_modules
    if one_package; then
      rm -f "$cache/fingerprint"
      forget_later "$cache/lean"
      forget_later "$cache/whole"
      copy node_modules "$cache/whole"
      echo "$wanted" >"$cache/fingerprint"
    fi
  fi
}

install_with() {
  case $1 in
    npm)
      if [[ -f package-lock.json || -f npm-shrinkwrap.json ]]; then
        npm ci --include=dev --prefer-offline
      else
        note "There is no lock file: each first build may get other versions"
        npm install --include=dev --no-package-lock --prefer-offline
      fi
      ;;
    pnpm)
      export npm_config_store_dir=$cache/pnpm npm_config_package_import_method=hardlink
      if [[ -f pnpm-lock.yaml ]]; then
        pnpm install --frozen-lockfile --prod=false --prefer-offline
      else
        pnpm install --no-frozen-lockfile --prod=false
      fi
      ;;
    yarn)
      with_registry
      if [[ $manager_version == 1.* ]]; then
        yarn install --frozen-lockfile --production=false --prefer-offline --non-interactive
      else
        YARN_NODE_LINKER=${YARN_NODE_LINKER:-node-modules} yarn install --immutable
      fi
      ;;
  esac
}

# Yarn reads few settings of npm's: the one that matters is handed over.
with_registry() {
  npm_config_registry=$(npm config get registry)
  export npm_config_registry
  if ! grep -qs '^npmRegistryServer:' .yarnrc.yml; then
    export YARN_NPM_REGISTRY_SERVER=${YARN_NPM_REGISTRY_SERVER:-${npm_config_registry%/}}
  fi
}

run_build_script() {
  if [[ -n $build_script ]]; then
    step "$manager run $build_script"
    with_config "$manager" run "$build_script"
  fi
}

# Leaves in node_modules what the running app needs.
drop_development_packages() {
  [[ -z $checked_in ]] || return 0
  if [[ $development == 0 ]]; then
    return
  elif [[ -n $reused && -d $cache/lean ]]; then
    [[ -z $build_script ]] || copy "$cache/lean" node_modules
    return 0
  fi
  step "Leaving out packages for development"
  case $manager in
    npm) npm prune --omit=dev --no-audit ;;
    pnpm) npm_config_store_dir=$cache/pnpm pnpm prune --prod --ignore-scripts ;;
    yarn)
      with_registry
      if [[ $manager_version == 1.* ]]; then
        yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline --non-interactive
      else
        note "Yarn $manager_version keeps them"
      fi
      ;;
  esac
  mkdir -p node_modules
  if one_package; then copy node_modules "$cache/lean"; fi
}
