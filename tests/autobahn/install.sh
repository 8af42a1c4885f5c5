#!/usr/bin/env bash
# Installs the Autobahn test suite into a directory of its own and prints the path of its program.
#
#   tests/autobahn/install.sh [DIR]      default: ~/.cache/chinwag/autobahn
#
# The suite runs on Python 2.7 only, which current systems no longer have. Debian 11 was the last
# one, so its packages are downloaded and unpacked (not installed), and the suite is put beside
# them. Nothing outside DIR changes; rm -rf DIR removes all of it. Where DIR already holds a suite
# that starts, nothing is done.
#
# Needs: a Debian or Ubuntu with network. With gcc the suite is faster.
set -euo pipefail

dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/chinwag/autobahn}
suite='autobahntestsuite==25.10.1'
# The newest versions of what it needs that still know Python 2.7.
needs='
  argparse==1.4.0 attrs==21.4.0 autobahn==0.10.9 Automat==22.10.0 cffi==1.15.1 constantly==15.1.0
  cryptography==3.3.2 enum34==1.1.10 hyperlink==21.0.0 idna==2.10 incremental==16.10.1
  ipaddress==1.0.23 jinja2==2.11.3 klein==17.10.0 linecache2==1.0.0 markupsafe==1.1.1
  pyasn1==0.5.1 pyasn1-modules==0.3.0 pycparser==2.21 PyHamcrest==1.10.1 pyOpenSSL==19.1.0
  service-identity==18.1.0 six==1.16.0 traceback2==1.4.0 Twisted==19.10.0 txaio==2.1.0
  typing==3.10.0.0 ujson==2.0.3 unittest2==1.1.0 Werkzeug==1.0.1 zope.interface==4.6.0'
packages='
  python2.7 python2.7-minimal libpython2.7-minimal libpython2.7-stdlib libpython2.7-dev
  python-pip-whl libssl1.1 libffi7 libexpat1 libsqlite3-0 libbz2-1.0'

main() {
  if starts; then
    echo "$dir/bin/wstest"
    return
  fi
  for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || fail "needs $tool: a Debian or Ubuntu"
  done
  [ -s /etc/ssl/certs/ca-certificates.crt ] || fail 'needs the package ca-certificates'
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
  echo "installing Autobahn into $dir" >&2
  rm -rf "$dir/py2" "$dir/bin" "$dir/apt"
  unpack_python
  write_programs
  install_suite
  starts || fail "the suite does not start; see $dir/pip.log"
  rm -rf "$dir/apt"
  echo "$dir/bin/wstest"
}

fail() {
  echo "autobahn: $*" >&2
  exit 1
}

starts() {
  [ -x "$dir/bin/wstest" ] && "$dir/bin/wstest" --autobahnversion >/dev/null 2>&1
}

# Lets apt work on lists and a cache of its own: the machine's packages are neither read nor changed.
unpack_python() {
  local apt=$dir/apt mirror deb
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs"
  : >"$apt/status"
  {
    printf '%s "%s";\n' \
      Dir::State::lists "$apt/lists" Dir::State::status "$apt/status" Dir::Cache "$apt/cache" \
      Dir::Etc::sourcelist "$apt/sources.list" Dir::Etc::sourceparts /dev/null \
      Dir::Etc::main /dev/null Dir::Etc::parts /dev/null APT::Sandbox::User root \
      Acquire::Languages none Acquire::Check-Valid-Until false
    # Of the machine's settings only how it reaches the network, such as a proxy.
    apt-config dump | grep '^Acquire::[^ ]* ".*";$' | grep -v '^Acquire::\(Languages\|Check-Valid\)' ||
      true
  } >"$apt/apt.conf"
  for mirror in $(mirrors); do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bullseye main" \
      >"$apt/sources.list"
    if (
      export APT_CONFIG=$apt/apt.conf
      cd "$apt/debs"
      # shellcheck disable=SC2086 # a list of words
      apt-get -q -o APT::Update::Error-Mode=any update && apt-get -q download $packages
    ) >"$apt/log" 2>&1; then
      for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$dir/py2"; done
      return
    fi
  done
  tail -5 "$apt/log" >&2 || true
  fail 'none of the mirrors in /etc/apt has the packages of Debian 11'
}

# Lists the Debian mirrors that this machine is set up with, whichever way they are written.
mirrors() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | tr ' ' '\n' |
    grep -E '^https?://.*/debian/?$' | sort -u
}

write_programs() {
  mkdir -p "$dir/bin"
  cat >"$dir/bin/python2.7" <<'PROGRAM'
#!/bin/sh
root=$(dirname "$(dirname "$(readlink -f "$0")")")/py2
for lib in "$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu; do
  LD_LIBRARY_PATH=$lib:${LD_LIBRARY_PATH:-}
done
export LD_LIBRARY_PATH PYTHONPATH="${PYTHON2_PATH:-}" PYTHONHOME=
unset PYTHONHOME
exec "$root/usr/bin/python2.7" -W ignore "$@"
PROGRAM
  cat >"$dir/bin/wstest" <<'PROGRAM'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python2.7" \
  -c 'from autobahntestsuite.wstest import run; run()' "$@"
PROGRAM
  chmod +x "$dir/bin/python2.7" "$dir/bin/wstest"
}

install_suite() {
  local site=$dir/py2/usr/lib/python2.7/dist-packages
  pip() {
    PYTHON2_PATH=$site:$(printf '%s:' "$dir"/py2/usr/share/python-wheels/*.whl) \
      PIP_CERT=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt} PIP_DISABLE_PIP_VERSION_CHECK=1 \
      CFLAGS="-O2 -w -I$dir/py2/usr/include -I$dir/py2/usr/include/python2.7" \
      "$dir/bin/python2.7" -m pip install --quiet --upgrade --no-cache-dir --no-deps \
      --no-build-isolation --no-warn-script-location --target "$site" "$@" >>"$dir/pip.log" 2>&1
  }
  : >"$dir/pip.log"
  # First what builds the others.
  pip setuptools==44.0.0 wheel==0.36.2 || fail "pip failed; see $dir/pip.log"
  # shellcheck disable=SC2086 # a list of words
  pip $suite $needs || fail "pip failed; see $dir/pip.log"
  # Masking and UTF-8 in C: without it only sections 9, 12 and 13 take longer.
  command -v gcc >/dev/null && pip wsaccel==0.6.2 || echo 'autobahn: without wsaccel, slower' >&2
}

main
