# shellcheck shell=bash
# strongSwan daemons in the small network, sourced after lab.sh. Their ESP is made by strongSwan itself
# (plugin kernel-libipsec, always in UDP 4500) unless ESP_BY=kernel is set before.
#
#   client protects 10.1.0.0/24 (10.1.0.1 on its lo), server 10.2.0.0/24 (10.2.0.1 on its lo)

ip address add 10.1.0.1/24 dev lo
server ip address add 10.2.0.1/24 dev lo

# charon client|server NAME [SETTING…] : starts a daemon; `swan NAME …` talks to it.
charon() {
  local where=$1 name=$2
  shift 2
  mkdir -p "$LAB/$name"/{x509,x509ca,private,conf.d}
  cat >"$LAB/$name/strongswan.conf" <<CONF
charon {
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints hmac kdf $([ "${ESP_BY:-}" = kernel ] || echo kernel-libipsec) kernel-netlink socket-default xauth-generic attr vici
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  $(printf '%s\n' "$@")
  filelog { log { path = $LAB/$name/charon.log
    default = 1
    flush_line = yes } }
  plugins { vici { socket = unix://$LAB/$name/vici } }
}
CONF
  # A /run of its own: the daemon insists on one /run/charon.pid.
  on "$where" env STRONGSWAN_CONF="$LAB/$name/strongswan.conf" unshare --mount \
    sh -c 'mount -t tmpfs charon /run && exec /usr/lib/ipsec/charon' >/dev/null 2>&1 &
  until_true test -S "$LAB/$name/vici"
}

swan() { # swan NAME COMMAND… : swanctl for that daemon
  local name=$1
  shift
  STRONGSWAN_CONF="$LAB/$name/strongswan.conf" SWANCTL_DIR="$LAB/$name" \
    swanctl "$@" --uri "unix://$LAB/$name/vici" >>"$LAB/$name/swanctl.log" 2>&1
}
