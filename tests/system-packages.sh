#!/usr/bin/env bash
# Programs of Debian that tests talk to, unpacked into .venv/system without root: an OCI registry.
# Never fails: where they cannot be had, the tests that need them say so and are skipped.
set -u
cd "$(dirname "$0")/.." || exit 0
folder=.venv/system
registry=$folder/usr/bin/docker-registry

if command -v docker-registry >/dev/null 2>&1 || [ -x "$registry" ]; then
    exit 0
fi
complain() {
    mkdir -p "$folder"
    echo "$1" >"$folder/reason"
    echo "tests/system-packages.sh: $1; the tests that need an OCI registry are skipped" >&2
    exit 0
}
command -v apt-get >/dev/null 2>&1 || complain "found no apt-get"
command -v dpkg-deb >/dev/null 2>&1 || complain "found no dpkg-deb"
work=$(mktemp -d) || complain "found no folder for temporary files"
trap 'rm -rf "$work"' EXIT
# A list of packages of our own, when the system's is missing and only root could fetch it.
lists=()
if ! apt-cache policy docker-registry 2>/dev/null | grep -q 'Candidate: [0-9]'; then
    mkdir -p "$work/lists/partial"
    lists=(-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
    mkdir -p "$work/cache/archives/partial"
    timeout 120 apt-get -qq "${lists[@]}" -o APT::Sandbox::User= update >/dev/null 2>&1 ||
        complain "apt-get update failed"
fi
(cd "$work" && timeout 120 apt-get -qq "${lists[@]}" -o APT::Sandbox::User= download docker-registry) \
    >/dev/null 2>&1 || complain "apt-get download docker-registry failed"
mkdir -p "$folder"
dpkg-deb -x "$work"/docker-registry_*.deb "$work/unpacked" || complain "the package docker-registry cannot be unpacked"
cp -R "$work/unpacked/." "$folder/" || complain "$folder cannot be written"
rm -f "$folder/reason"
