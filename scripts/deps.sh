#!/usr/bin/env bash
# Sees to it that this machine has what the tests need, from Debian's packages.
#
# Each need is looked for as the tests look for it (a command, a file, a Python
# module), not in the package database, so that a PostgreSQL or a Node that came
# another way counts too. What is missing is installed when this runs as root or
# may use sudo without a password; otherwise, and with DESKAUTH_NO_INSTALL=1, the
# line to type is named and the script fails.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }

have_go() { have go; }
have_gcc() { have gcc; }
have_git() { have git; }

# postgres stands outside PATH in Debian's package; withpg looks in the same places.
have_postgres() {
  have postgres && have initdb && return
  local dir
  for dir in /usr/lib/postgresql/*/bin; do
    [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] && return
  done
  return 1
}

have_chromium() {
  [ -n "${DESKAUTH_CHROMIUM:-}" ] && [ -x "$DESKAUTH_CHROMIUM" ] && return
  have chromium || have chromium-browser || have google-chrome
}

# The same browser without its windows: it looks at pages at half the cost.
have_headless() { [ -n "${DESKAUTH_CHROMIUM:-}" ] || have chromium-headless-shell; }

# Chromium draws nothing legible, and axe measures nothing, without any font.
have_fonts() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.tt[fc]' -print -quit 2>/dev/null)" ]; }

# playwright-core, as pinned in internal/browsertest, wants Node 18, Debian 12's own.
have_node() { have node && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'; }
have_npm() { have npm; }

# The Debian interpreter is asked by its path: the python3 on PATH may be another
# one (pyenv, conda) that does not see Debian's modules.
have_oauthlib() { /usr/bin/python3 -c 'import requests_oauthlib' >/dev/null 2>&1; }

# What `deskauth run` is tried with: programs in these languages, unchanged.
have_curl() { have curl; }
have_openssl() { have openssl; } # verifies what the authority signs
have_certutil() { have certutil; } # `deskauth ca trust` calls it
have_ruby() { have ruby; }
have_age() { have age && have age-keygen; } # keeps the sealing keys, in a test
# A keychain of the desktop, in a session of its own.
have_keyring() { have gnome-keyring-daemon; }
have_dbus() { have dbus-run-session && have dbus-daemon; }
have_php() { have php && php -r 'exit(function_exists("curl_init") ? 0 : 1);'; }
# A source file is run as it stands, which Java does since 11 where its compiler is there.
have_java() { have java && java --list-modules 2>/dev/null | grep -q '^jdk.compiler@'; }
have_bottle() { /usr/bin/python3 -c 'import bottle' >/dev/null 2>&1; }
have_flask() { /usr/bin/python3 -c 'import flask' >/dev/null 2>&1; }

missing=()
need() { # need CHECK PACKAGE…
  "$1" || missing+=("${@:2}")
}

need have_git git
need have_gcc gcc libc6-dev
need have_postgres postgresql
need have_chromium chromium
need have_headless chromium-headless-shell
need have_fonts fonts-dejavu-core
need have_node nodejs
need have_npm npm
need have_oauthlib python3 python3-requests-oauthlib
need have_curl curl
need have_openssl openssl
need have_certutil libnss3-tools
need have_age age
need have_dbus dbus
need have_keyring gnome-keyring
need have_ruby ruby
need have_php php-cli php-curl
need have_java default-jdk-headless
need have_bottle python3-bottle
need have_flask python3-flask

if ! have_go; then
  echo "deps: no go command. Install Go 1.26 or newer first: https://go.dev/doc/install" >&2
  exit 1
fi

[ ${#missing[@]} -eq 0 ] && exit 0

line="apt-get install --yes --no-install-recommends ${missing[*]}"

refuse() {
  echo "deps: missing: ${missing[*]} ($1)" >&2
  echo "deps: install with: sudo $line" >&2
  exit 1
}

[ "${DESKAUTH_NO_INSTALL:-}" = 1 ] && refuse "DESKAUTH_NO_INSTALL=1 is set"
have apt-get || refuse "no apt-get here; these are Debian's names for them"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! have sudo || ! sudo -n true 2>/dev/null; then
    refuse "not root, and sudo would ask for a password"
  fi
  as_root=(sudo -n)
fi

echo "deps: installing ${missing[*]}"
# The lists are fetched once and only now: a complete machine asks the network nothing.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # the line is meant to be split: it is the one shown to people
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $line
