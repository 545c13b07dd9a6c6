#!/bin/sh
# Makes .env from .env.example, with a password of its own for everything that needs one, the two keys that Homeroom makes itself,
# and the console's tokens, for two people because nobody approves their own change. It overwrites nothing. Run it in the folder that docker-compose.yml is in.
set -eu
umask 077

random() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

if [ -e .env ]; then
  echo ".env is there already: nothing was changed" >&2
  exit 1
fi
while IFS= read -r line || [ -n "$line" ]; do
  case "$line" in
    [A-Z]*_PASSWORD=) printf '%s%s\n' "$line" "$(random 24)" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <.env.example >.env

secrets=$(sed -n 's/^HOMEROOM_SECRETS_DIR=//p' .env)
mkdir -p "$secrets"
for file in homeroom.secret encryption.key; do
  [ -e "$secrets/$file" ] || head -c 32 /dev/urandom >"$secrets/$file"
done
tokens="$secrets/console.tokens"
[ -e "$tokens" ] || printf 'editor  editor,people  %s\napprover  editor,approver,people  %s\n' "$(random 24)" "$(random 24)" >"$tokens"
# Docker shows the files to user 65532 as they are; the folder keeps everybody else on this machine out.
chmod 700 "$secrets"
chmod 444 "$secrets"/*

echo "Made .env and $secrets. What is left: HOMEROOM_PUBLIC_URL and HOMEROOM_ACADEMY_DIR in .env, and $secrets/sendgrid.key"
echo "(chmod 444). The names and tokens of who may use the console stand in $tokens: put those of your team there."
echo "Keep a copy of $secrets somewhere safe: without encryption.key nothing that Temporal stored can be read."
