#!/bin/sh
# Writes what a release's archives hold beside the binary into dist-docs: completions and manual pages. Run in the repository's folder.
set -eu
rm -rf dist-docs
mkdir -p dist-docs/completion dist-docs/man
GOWORK=off go build -trimpath -o dist-docs/homeroom ./cmd/homeroom
for shell in bash zsh fish; do
  dist-docs/homeroom completion "$shell" >"dist-docs/completion/homeroom.$shell"
done
dist-docs/homeroom man dist-docs/man
rm dist-docs/homeroom
