# Django's static files.

collect_static() {
  local output
  if [[ -n $env && -f $env/DISABLE_COLLECTSTATIC ]]; then
    note "Not collecting static files: DISABLE_COLLECTSTATIC is set"
    return
  fi
  step "python manage.py collectstatic --noinput"
  if output=$(PATH=$home/bin:$PATH with_config python manage.py collectstatic --noinput 2>&1); then
    tail -1 <<<"$output" | sed 's/^/       /'
    return
  fi
  if grep -q 'STATIC_ROOT' <<<"$output"; then
    note "The settings have no STATIC_ROOT: nothing is collected"
    return
  fi
  echo "$output" >&2
  fail "Static files could not be collected." \
    "Mend that, or set DISABLE_COLLECTSTATIC=1 in the config of the app."
}
