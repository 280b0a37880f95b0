#!/usr/bin/env bash
# Installs the C library: the header, the shared and the static library, and the file for pkg-config.
#
#     tersor-capi/install.sh [PREFIX]        PREFIX is /usr/local by default; DESTDIR is put before it
#
# Set TERSOR_BUILT to a folder with built libraries to install those; otherwise cargo builds them. For Linux and macOS.
set -euo pipefail

prefix=${1:-/usr/local}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$here/../Cargo.toml")
interface=${version%.*}
built=${TERSOR_BUILT:-}
if [[ -z $built ]]; then
    (cd "$here" && cargo build --release --locked --package tersor-capi)
    built=${CARGO_TARGET_DIR:-$here/../target}/release
fi

root=${DESTDIR:-}$prefix
mkdir -p "$root/include" "$root/lib/pkgconfig"
install -m 644 "$here/include/tersor.h" "$root/include/tersor.h"
install -m 644 "$built/libtersor_capi.a" "$root/lib/libtersor.a"
if [[ $(uname -s) == Darwin ]]; then
    install -m 755 "$built/libtersor_capi.dylib" "$root/lib/libtersor.$interface.dylib"
    ln -sf "libtersor.$interface.dylib" "$root/lib/libtersor.dylib"
    private_libs=
else
    install -m 755 "$built/libtersor_capi.so" "$root/lib/libtersor.so.$version"
    ln -sf "libtersor.so.$version" "$root/lib/libtersor.so.$interface"
    ln -sf "libtersor.so.$interface" "$root/lib/libtersor.so"
    private_libs="-lpthread -ldl -lm"
fi
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" -e "s|@PRIVATE_LIBS@|$private_libs|" \
    "$here/tersor.pc.in" > "$root/lib/pkgconfig/tersor.pc"
echo "installed version $version in $root"
