#!/bin/sh
# Writes the configuration and every key that is missing, and gives the registry what is the registry's: its
# configuration and the CA's certificate, and no key. It can be run again; what is there already stays as it is.
set -eu
umask 077

python3 -m sidecar init /etc/registry-sidecar \
    --registry-url http://registry:5000 \
    --registry-host "$REGISTRY_HOST" \
    --public-url "${PUBLIC_URL:-https://$REGISTRY_HOST}" \
    --listen 0.0.0.0:5051 \
    --internal-listen 0.0.0.0:5052 \
    --events-url http://sidecar:5052/events \
    --database /var/lib/registry-sidecar/sidecar.db \
    --trusted-proxy "$TRUSTED_PROXY"

mkdir -p /registry-config/keys
cp /etc/registry-sidecar/registry-2.yml /etc/registry-sidecar/registry-3.yml /registry-config/
cp /etc/registry-sidecar/keys/ca.crt /registry-config/keys/
