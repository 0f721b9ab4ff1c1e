#!/bin/sh
# snapshot.sh makes all that a release is made of, from any commit, into out/, signed by a certificate
# that nobody trusts. POSTPATCH_FEW=1 leaves out Linux on ARM and macOS.
set -eu
cd "$(dirname "$0")/../.."

if [ -z "${POSTPATCH_SIGN:-}" ]; then
  mkdir -p out/certificates
  sh cmd/release/throwaway.sh out/certificates
  export POSTPATCH_SIGN="-certs out/certificates/chain.pem -key out/certificates/key.pem"
fi
if [ -z "$(git remote)" ]; then # goreleaser takes a clone without one for no repository at all
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=https://example.org/postpatch.git
fi
rm -rf out/packages
${POSTPATCH_GORELEASER:-go run github.com/goreleaser/goreleaser/v2@v2.15.1} release --snapshot --clean
sh cmd/release/container.sh out/dist
