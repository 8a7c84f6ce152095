# shellcheck shell=bash
# What ./test and ./quickstart ask of the machine: its settings, packages, a Python, an engine.
# Sourced by both; prints with `say`, and ends the script with `die` when it cannot go on.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# Interpreters start faster with bytecode, whatever the machine's own habit is.
unset PYTHONDONTWRITEBYTECODE
export UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never UV_PYTHON_PREFERENCE=only-system
export PIP_DISABLE_PIP_VERSION_CHECK=1

ENGINE_LOG=${DOKKUPY_ENGINE_LOG:-/var/log/dokkupy-engine.log}
INSTALLED_PACKAGES=()
STARTED_ENGINE=

say() { printf '== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }

die() { # CAUSE REMEDY
    printf '\n%s: %s\n' "$(basename "$0")" "$1" >&2
    [ -z "${2:-}" ] || printf '    %s\n' "$2" >&2
    exit 1
}

# --- settings -----------------------------------------------------------------------------

read_certificates() { # programs with a bundle of their own are pointed at the machine's
    local bundle=/etc/ssl/certs/ca-certificates.crt
    [ -r "$bundle" ] || return 0
    export SSL_CERT_FILE=${SSL_CERT_FILE:-$bundle} PIP_CERT=${PIP_CERT:-$bundle}
}

read_indexes() { # PIP: the machine's package index, handed on to uv, which does not read pip.conf
    local pip=$1 main extra url more=
    main=${PIP_INDEX_URL:-$("$pip" config get global.index-url 2>/dev/null || true)}
    extra=${PIP_EXTRA_INDEX_URL:-$("$pip" config get global.extra-index-url 2>/dev/null || true)}
    if [ -n "$main" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then export UV_DEFAULT_INDEX=$main; fi
    for url in $extra; do
        case $url in http://* | https://*) more="$more${more:+ }$url" ;; esac
    done
    if [ -n "$more" ] && [ -z "${UV_INDEX:-}" ]; then
        # pip takes the best version of all indexes; uv does so only when told.
        export UV_INDEX=$more UV_INDEX_STRATEGY=${UV_INDEX_STRATEGY:-unsafe-best-match}
    fi
}

# --- packages -----------------------------------------------------------------------------

WANTED_PACKAGES=()

want() { # PROGRAM PACKAGE REASON: have PACKAGE installed unless PROGRAM is there
    if command -v "$1" >/dev/null 2>&1; then return 0; fi
    want_package "$2" "$3"
}

want_package() { # PACKAGE REASON
    case " ${WANTED_PACKAGES[*]} " in *" $1 "*) return 0 ;; esac
    WANTED_PACKAGES+=("$1")
    note "$(printf '%-16s %s' "$1" "$2")"
}

# The package's service must not start by itself: an nginx on port 80 that nobody asked for, say.
keep_services_off() {
    POLICY=/usr/sbin/policy-rc.d
    if [ -e "$POLICY" ]; then
        POLICY=
        return 0
    fi
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

let_services_be() {
    [ -z "${POLICY:-}" ] || rm -f "$POLICY"
    [ -d /run/systemd/system ] || return 0
    local unit
    for unit in nginx ssh docker-registry; do
        case " ${WANTED_PACKAGES[*]} " in
        *" $unit "* | *" $unit-light "* | *" open$unit-server "*) systemctl disable -q "$unit" 2>/dev/null || true ;;
        esac
    done
}

install_wanted() {
    [ ${#WANTED_PACKAGES[@]} -gt 0 ] || return 0
    local log status=0
    [ "$(id -u)" = 0 ] || die "These packages are missing and only root can install them." \
        "sudo apt-get install ${WANTED_PACKAGES[*]}"
    command -v apt-get >/dev/null 2>&1 || die "This machine has no apt-get." \
        "Install by hand: ${WANTED_PACKAGES[*]}"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    keep_services_off
    apt-get update -q >"$log" 2>&1 || note "apt-get update failed; trying with the lists there are"
    apt-get install -q -y --no-install-recommends "${WANTED_PACKAGES[@]}" >>"$log" 2>&1 || status=$?
    let_services_be
    if [ "$status" != 0 ]; then
        tail -n 25 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: ${WANTED_PACKAGES[*]}." "apt-get update && apt-get install ${WANTED_PACKAGES[*]}"
    fi
    rm -f "$log"
    INSTALLED_PACKAGES+=("${WANTED_PACKAGES[@]}")
    WANTED_PACKAGES=()
    hash -r
}

# --- Python -------------------------------------------------------------------------------

find_python() { # prints an interpreter of at least 3.11 that can make virtual environments
    local name path
    # The machine's own first: one in somebody's home may be closed to the user who runs apps.
    for name in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

want_python() {
    local python
    python=$(find_python)
    [ "$python" != /usr/bin/python3 ] || return 0
    # Another one will do where nothing can be installed.
    if [ -z "$python" ] || { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }; then
        want_package python3-venv "runs dokkupy, in a virtual environment"
    fi
}

make_venv() { # DIR ARGUMENT...: a virtual environment with uv and what `uv pip install` is told
    local dir=$1 python
    shift
    if [ ! -x "$dir/bin/uv" ] || ! "$dir/bin/python" -c '' 2>/dev/null; then
        python=$(find_python) || die "No Python of at least 3.11 is here." "apt-get install python3-venv"
        rm -rf "$dir"
        "$python" -m venv "$dir" || die "A virtual environment could not be made in $dir." "apt-get install python3-venv"
        "$dir/bin/pip" install -qq uv || die "pip could not install uv." "Check the index in: pip config list"
    fi
    read_indexes "$dir/bin/pip"
    [ $# = 0 ] || "$dir/bin/uv" pip install -q --no-sources --python "$dir/bin/python" "$@" ||
        die "uv could not install into $dir." "Check the index in: pip config list"
}

# --- engine -------------------------------------------------------------------------------

engine_answers() { timeout 20 docker info >/dev/null 2>&1; }

want_engine() {
    engine_answers && return 0
    want dockerd docker.io "the container engine that builds and runs apps"
    want docker docker.io "the container engine's command line"
    want iptables iptables "lets containers reach the network"
    if [ ! -d /run/systemd/system ] && ! grep -q ' /sys/fs/cgroup' /proc/mounts; then
        want cgroupfs-mount cgroupfs-mount "limits of memory and CPU, where no init system mounts them"
    fi
}

start_engine() {
    engine_answers && return 0
    [ -z "${DOCKER_HOST:-}" ] || die "The engine at DOCKER_HOST=$DOCKER_HOST does not answer." "unset DOCKER_HOST"
    [ "$(id -u)" = 0 ] || die "No container engine answers and only root can start one." "sudo systemctl start docker"
    say "Starting the container engine (log: $ENGINE_LOG)"
    if [ -d /run/systemd/system ]; then
        systemctl start docker
    else
        if ! grep -q ' /sys/fs/cgroup' /proc/mounts; then cgroupfs-mount || true; fi
        # Its own session and files: it outlives this script and holds none of its pipes.
        setsid dockerd >>"$ENGINE_LOG" 2>&1 </dev/null &
        STARTED_ENGINE=$!
        disown "$STARTED_ENGINE"
    fi
    local tries
    for tries in $(seq 60); do
        engine_answers && return 0
        if [ -n "$STARTED_ENGINE" ] && ! kill -0 "$STARTED_ENGINE" 2>/dev/null; then break; fi
        sleep 1
    done
    tail -n 15 "$ENGINE_LOG" >&2 2>/dev/null || true
    die "The container engine did not come up (tried $tries s)." "less $ENGINE_LOG"
}
