#!/usr/bin/env bash
# Programs of Debian that tests talk to: an OCI registry, unpacked into .venv/system, and the browser Chromium,
# installed as root and unpacked otherwise. Never fails: where they cannot be had, the tests that need them say so
# and are skipped.
set -u
cd "$(dirname "$0")/.." || exit 0
folder=.venv/system
work=$(mktemp -d) || exit 0
trap 'rm -rf "$work"' EXIT
lists=()

complain() { # FILE TESTS REASON
    mkdir -p "$folder"
    echo "$3" >"$folder/$1"
    echo "tests/system-packages.sh: $3; the tests that need $2 are skipped" >&2
}

# Lists of packages of our own, when the system's are missing and only root could fetch them.
find_lists() { # PACKAGE
    command -v apt-get >/dev/null 2>&1 || { echo "found no apt-get"; return 1; }
    command -v dpkg-deb >/dev/null 2>&1 || { echo "found no dpkg-deb"; return 1; }
    apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [0-9]' && return 0
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    [ -d "$work/lists/done" ] && return 0
    timeout 120 apt-get -qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" \
        -o APT::Sandbox::User= update >/dev/null 2>&1 || { echo "apt-get update failed"; return 1; }
    mkdir -p "$work/lists/done"
}

unpack() { # SUBFOLDER of the downloaded packages
    mkdir -p "$folder"
    for package in "$work/$1"/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked" || { echo "${package##*/} cannot be unpacked"; return 1; }
    done
    cp -R "$work/unpacked/." "$folder/" || { echo "$folder cannot be written"; return 1; }
    rm -rf "$work/unpacked"
}

use_lists() {
    [ -d "$work/lists/done" ] && lists=(-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
    return 0
}

fetch_registry() {
    find_lists docker-registry || return 1
    use_lists
    mkdir -p "$work/registry"
    (cd "$work/registry" && timeout 120 apt-get -qq "${lists[@]}" -o APT::Sandbox::User= download docker-registry) \
        >/dev/null 2>&1 || { echo "apt-get download docker-registry failed"; return 1; }
    unpack registry
}

fetch_chromium() {
    find_lists chromium || return 1
    use_lists
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive timeout 400 apt-get -qq "${lists[@]}" install -y --no-install-recommends \
            chromium fonts-liberation >/dev/null 2>&1 || { echo "apt-get install chromium failed"; return 1; }
        return 0
    fi
    # What apt would install, libraries included, unpacked beside each other.
    mkdir -p "$work/chromium"
    names=$(apt-get -s -o Debug::NoLocking=1 "${lists[@]}" install --no-install-recommends chromium \
        fonts-liberation 2>/dev/null | awk '$1 == "Inst" {print $2}')
    [ -n "$names" ] || { echo "apt-get knows no chromium"; return 1; }
    # shellcheck disable=SC2086
    (cd "$work/chromium" && timeout 400 apt-get -qq "${lists[@]}" -o APT::Sandbox::User= download $names) \
        >/dev/null 2>&1 || { echo "apt-get download chromium failed"; return 1; }
    unpack chromium
}

if ! command -v docker-registry >/dev/null 2>&1 && ! [ -x "$folder/usr/bin/docker-registry" ]; then
    if fetch_registry >"$work/why"; then
        rm -f "$folder/reason"
    else
        complain reason "an OCI registry" "$(cat "$work/why")"
    fi
fi
if ! command -v chromium >/dev/null 2>&1 && ! command -v chromium-browser >/dev/null 2>&1 &&
    ! command -v google-chrome >/dev/null 2>&1 && ! [ -x "$folder/usr/lib/chromium/chromium" ]; then
    if fetch_chromium >"$work/why"; then
        rm -f "$folder/chromium.reason"
    else
        complain chromium.reason "a browser" "$(cat "$work/why")"
    fi
fi
exit 0
