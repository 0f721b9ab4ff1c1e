#!/bin/sh
# container.sh [DIST] makes postpatch_VERSION_oci.tar beside DIST's other files: an image for each Linux
# that a release was made for, with buildah, without a daemon, a registry or a base image. As root.
set -eu
dist=${1:-out/dist}
prepared=$(dirname "$dist")/prepared
version=$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' "$dist/metadata.json")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
context=$scratch/context
mkdir "$context"
cp LICENSE "$prepared/NOTICE" /etc/ssl/certs/ca-certificates.crt "$(go env GOROOT)/lib/time/zoneinfo.zip" "$context"
chmod 644 "$context"/*

ours() { buildah --root "$scratch/storage" --runroot "$scratch/run" --storage-driver vfs "$@"; }
for binary in "$dist"/*_linux_*/postpatch; do
  arch=${binary#*_linux_}
  arch=${arch%%_*}
  mkdir -p "$context/linux/$arch"
  cp "$binary" "$context/linux/$arch/postpatch"
  # The time of the commit, so that the same sources are the same image.
  ours build --quiet --isolation chroot --platform "linux/$arch" --build-arg "VERSION=$version" \
    --timestamp "$(git log -1 --format=%ct)" --manifest "localhost/postpatch:$version" \
    --file cmd/release/Containerfile "$context" >"$scratch/said" 2>&1 || { cat "$scratch/said" >&2; exit 1; }
done
rm -f "$dist/postpatch_${version}_oci.tar"
ours manifest push --quiet --all "localhost/postpatch:$version" \
  "oci-archive:$dist/postpatch_${version}_oci.tar:$version" >"$scratch/said" 2>&1 || { cat "$scratch/said" >&2; exit 1; }
