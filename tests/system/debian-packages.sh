#!/bin/sh
# Installs Debian packages by name where it may (root), else says loudly which ones are missing; always exits 0.
missing=""
for name in "$@"; do
  dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $name"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  install="apt-get -qq -y -o DPkg::Lock::Timeout=600 install --no-install-recommends"
  # shellcheck disable=SC2086 - the names are separate words
  $install $missing >/dev/null 2>&1 </dev/null || { apt-get -qq update </dev/null && $install $missing >/dev/null </dev/null; } && exit 0
fi
echo "################################################################################" >&2
echo "# MISSING:$missing" >&2
echo "# Install with: sudo apt-get install$missing" >&2
echo "# What needs them is left out below." >&2
echo "################################################################################" >&2
exit 0
