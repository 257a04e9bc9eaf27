#!/bin/sh
# Installs Weir @VERSION@ for this machine: checks the archive against SHA256SUMS, then puts one
# executable, `weir`, below the prefix. Running it again replaces the executable and nothing else.
set -eu

version='@VERSION@'
prefix="${HOME:-}/.local"
variant='all'
source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

usage() {
  cat <<USAGE
usage: install.sh [--prefix DIR] [--variant all|processor]
  --prefix DIR   install DIR/bin/weir (default: ~/.local; /usr/local needs root)
  --variant V    all: every command (default); processor: \`weir process\` alone
The archives and SHA256SUMS are expected beside this script.
USAGE
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --variant) [ $# -ge 2 ] || fail "$1 needs a value" ;;
  esac
  case $1 in
    --prefix) prefix=$2; shift 2 ;;
    --prefix=*) prefix=${1#--prefix=}; shift ;;
    --variant) variant=$2; shift 2 ;;
    --variant=*) variant=${1#--variant=}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

case $variant in
  all | processor) ;;
  *) fail "--variant $variant: all or processor" ;;
esac
[ -n "$prefix" ] || fail '--prefix must not be empty'

case $(uname -s) in
  Linux) system=linux ;;
  Darwin) system=darwin ;;
  *) fail "no build for $(uname -s)" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x64 ;;
  aarch64 | arm64) machine=arm64 ;;
  *) fail "no build for $(uname -m)" ;;
esac
target=$system-$machine
# musl's dynamic linker is there and glibc's is not: Alpine and its kin.
if [ "$system" = linux ]; then
  for linker in /lib/ld-musl-*.so.1; do
    if [ -e "$linker" ] && ! ls /lib64/ld-linux-* /lib/ld-linux-* >/dev/null 2>&1; then
      target=$target-musl
    fi
  done
fi

name=weir-$version-$variant-$target
archive=$name.tar.gz
[ -f "$source_dir/$archive" ] || fail "$archive is not beside this script"
[ -f "$source_dir/SHA256SUMS" ] || fail 'SHA256SUMS is not beside this script'

wanted=$(awk -v file="$archive" '$2 == file { print $1 }' "$source_dir/SHA256SUMS")
[ -n "$wanted" ] || fail "SHA256SUMS does not name $archive"
if command -v sha256sum >/dev/null 2>&1; then
  found=$(sha256sum <"$source_dir/$archive" | cut -d ' ' -f 1)
elif command -v shasum >/dev/null 2>&1; then
  found=$(shasum -a 256 <"$source_dir/$archive" | cut -d ' ' -f 1)
else
  fail 'neither sha256sum nor shasum is installed: the archive cannot be checked'
fi
[ "$wanted" = "$found" ] || fail "$archive is damaged: sum $found, expected $wanted"

mkdir -p "$prefix/bin" || fail "cannot create $prefix/bin (another --prefix needs no root)"
scratch=$(mktemp -d "$prefix/bin/.weir-install.XXXXXX") || fail "cannot write to $prefix/bin"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
# -o: the files belong to whoever installs, also when that is root.
tar -xzof "$source_dir/$archive" -C "$scratch"
chmod 755 "$scratch/$name/weir"
"$scratch/$name/weir" --version >/dev/null || fail "$archive does not run on this machine"
# A rename within one folder: a running weir keeps its old file, and there is never half a file.
mv -f "$scratch/$name/weir" "$prefix/bin/weir"

"$prefix/bin/weir" --version
echo "installed $prefix/bin/weir"
case :${PATH:-}: in
  *:"$prefix/bin":*) ;;
  *) echo "$prefix/bin is not on your PATH" ;;
esac
