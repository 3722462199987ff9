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

inputs_of() {
    local platform=$platform_checkout/platform
    case $1 in
        root) echo "$platform/root-version" ;;
        packages) echo "$platform/packages.txt" ;;
        packages-test) echo "$platform/packages-test.txt" ;;
        venv) echo "$platform/prepare $platform_checkout/requirements.lock" ;;
        venv-dev) echo "$platform_checkout/requirements.lock $platform_checkout/requirements-dev.lock" ;;
        accounts) echo "$platform_checkout/src/ringfence/hosts/accounts.py" ;;
    esac
}

digest_of() { # the mode is part of it: a platform directory carried to another host is rebuilt
    # shellcheck disable=SC2046
    { echo "$platform_mode"; cat $(inputs_of "$1"); } | sha256sum | cut -d' ' -f1
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
