# Which parts of the platform exist and what each was built from. Sourced by ./ringfence, platform/prepare and platform/enter.
# A stage is up to date when its stamp holds the digest of the files it was built from.

platform_checkout=$RINGFENCE_CHECKOUT
platform_dir=$RINGFENCE_PLATFORM_DIR
platform_suite=trixie

host_is_platform() { # Debian 13 hosts the product directly
    [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID-}" = debian ] && [ "${VERSION_ID-}" = 13 ])
}

if [ "${RINGFENCE_PRIVATE_ROOT-}" != 1 ] && host_is_platform; then
    platform_mode=host
    platform_root=/
else
    platform_mode=root
    platform_root=$platform_dir/root
fi

stages_of() {
    case $1 in
        product) echo "root packages venv accounts" ;;
        test) echo "root packages venv accounts packages-test venv-dev" ;;
    esac
}

inputs_of() { # a line for each: the path of a checkout may hold spaces
    local names name
    case $1 in
        root) names=(platform/root-version) ;;
        packages) names=(platform/packages.txt) ;;
        packages-test) names=(platform/packages-test.txt) ;;
        venv) names=(platform/prepare requirements.lock) ;;
        venv-dev) names=(requirements.lock requirements-dev.lock) ;;
        accounts) names=(src/ringfence/hosts/accounts.py) ;;
    esac
    for name in "${names[@]}"; do
        echo "$platform_checkout/$name"
    done
}

digest_of() { # the mode is part of it: a platform directory carried to another host is rebuilt
    local inputs
    mapfile -t inputs < <(inputs_of "$1")
    { echo "$platform_mode"; cat "${inputs[@]}"; } | sha256sum | cut -d' ' -f1
}

in_use() { # a root that some process lives in; its mounts are of a namespace that is not ours
    local process tree
    tree=$(readlink -f "$1") || return 1
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/root" 2> /dev/null)" != "$tree" ] || return 0
    done
    return 1
}

stamp_of() { echo "$platform_dir/stamps/$1"; }

stage_done() {
    local stamp
    stamp=$(stamp_of "$1")
    [ -r "$stamp" ] && [ "$(< "$stamp")" = "$(digest_of "$1")" ]
}

prepared() {
    local stage
    [ "$platform_mode" = host ] || [ -x "$platform_root/usr/bin/python3" ] || return 1
    for stage in $(stages_of "$1"); do
        stage_done "$stage" || return 1
    done
}
