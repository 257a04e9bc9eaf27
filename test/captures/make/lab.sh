# shellcheck shell=bash
# The small network in which every capture here is recorded. Sourced first by each script, which
# sets LAB_PACKAGES (Debian packages it wants) and LAB_PROGRAMS (what must be on the PATH) before.
#
# The script is started again in name spaces of its own (network, mounts, processes, host name), as
# root: nothing it starts outlives it, nothing of this machine's network or name gets into a capture.
#
#   client (the script itself)  client0 192.0.2.1  2001:db8::1  (LAB_INTERFACE renames client0)
#   server (`server COMMAND…`)  server0 192.0.2.2  2001:db8::2
#
# Addresses are those reserved for documentation (RFC 5737, RFC 3849), names end in .test (RFC 6761).
set -euo pipefail

if [ -z "${LAB_INSIDE:-}" ]; then
  [ "$(id -u)" = 0 ] || { echo "$0: must be root, to make network name spaces" >&2; exit 1; }
  for program in tcpdump dumpcap ip ethtool unshare $LAB_PROGRAMS; do
    command -v "$program" >/dev/null || {
      echo "$0: $program is missing; Debian packages: tcpdump wireshark-common iproute2 iputils-ping procps ethtool util-linux $LAB_PACKAGES" >&2
      exit 1
    }
  done
  if [ -n "${LAB_KERNEL_MODULES:-}" ] && [ -z "${LAB_UML:-}" ]; then
    command -v linux.uml modprobe >/dev/null || { echo "$0: Debian packages: user-mode-linux kmod" >&2; exit 1; }
    here=$(cd "$(dirname "$0")" && pwd)
    TMPDIR=/dev/shm timeout --kill-after=5 "${LAB_SECONDS_MAX:-120}" \
      linux.uml mem=512M root=/dev/root rootfstype=hostfs rootflags=/ rw quiet con=null con0=null,fd:1 \
      "init=$here/lab-kernel.sh" "LAB_SCRIPT=$here/$(basename "$0")" "LAB_MODULES=${LAB_KERNEL_MODULES// /,}" \
      </dev/null 2>&1 | tee /dev/stderr | grep '^lab-kernel: done' >/dev/null
    exit
  fi
  exec env -i LAB_INSIDE=1 PATH="$PATH" LC_ALL=C TZ=UTC timeout --kill-after=5 "${LAB_SECONDS_MAX:-120}" \
    unshare --net --uts --mount --pid --fork --kill-child --mount-proc -- "$0" "$@"
fi

CAPTURES=$(cd "$(dirname "$0")/.." && pwd)
LAB=$(mktemp -d /tmp/capture-lab.XXXXXX)
export HOME=$LAB
chmod 755 "$LAB"
trap 'rm -rf "$LAB"' EXIT

hostname capture.example.test
mount -t tmpfs lab /run
mount -t tmpfs lab /dev/shm 2>/dev/null || true
mkdir -p /run/netns /run/lock
umask 022

server() { ip netns exec server "$@"; }

LAB_INTERFACE=${LAB_INTERFACE:-client0}
lab_network() {
  local where name
  ip netns add server
  ip link add "$LAB_INTERFACE" address 02:00:00:00:00:01 type veth peer name server0 address 02:00:00:00:00:02
  ip link set server0 netns server
  for where in client server; do
    name=server0
    [ "$where" = server ] || name=$LAB_INTERFACE
    # Packets on the wire as a network card would send them: no 64 kB segments, checksums filled in.
    on "$where" ethtool -K "$name" tx off tso off gso off gro off sg off >/dev/null 2>&1 || true
    on "$where" sysctl -qw "net.ipv6.conf.$name.accept_dad=0" "net.ipv6.conf.$name.router_solicitations=0"
    on "$where" ip link set "$name" addrgenmode none
    on "$where" ip link set lo up
    on "$where" ip link set "$name" up
  done
  ip address add 192.0.2.1/24 dev "$LAB_INTERFACE"
  ip address add 2001:db8::1/64 dev "$LAB_INTERFACE" nodad
  server ip address add 192.0.2.2/24 dev server0
  server ip address add 2001:db8::2/64 dev server0 nodad
}

on() { # on client|server COMMAND…
  local where=$1
  shift
  if [ "$where" = server ]; then server "$@"; else "$@"; fi
}

# record FILE OPTION… : starts recording; .pcap is written by tcpdump, .pcapng by dumpcap, which names
# interfaces. Several may run at once.
RECORDERS=()
RECORDED=()
record() {
  local file=$CAPTURES/$1 log=$LAB/$1.log
  shift
  rm -f "$file"
  if [ "${file##*.}" = pcapng ]; then
    dumpcap -q -w "$file" "$@" 2>"$log" &
  else
    tcpdump --immediate-mode -U -Z root -s 65535 -w "$file" "$@" 2>"$log" &
  fi
  RECORDERS+=($!)
  RECORDED+=("$file")
  until_true grep -qE 'listening on|^File:' "$log"
}

# Ends the recordings once nothing has been added to the files for half a second.
record_end() {
  local before=- now=0 file
  while [ "$before" != "$now" ]; do
    before=$now
    sleep 0.5
    now=$(stat -c %s "${RECORDED[@]}")
  done
  kill -INT "${RECORDERS[@]}"
  wait "${RECORDERS[@]}" || true
  for file in "${RECORDED[@]}"; do
    [ "${file##*.}" != pcapng ] || anonymous "$file"
  done
  chmod 644 "${RECORDED[@]}"
  capinfos -T -r -c -s -E "${RECORDED[@]}"
}

# Blanks the processor and kernel version that dumpcap notes in a pcapng, in place and at equal length.
anonymous() {
  local words
  for words in "$(uname -sr)" "$(capinfos "$1" | sed -n 's/^Capture hardware: *//p')"; do
    [ -z "$words" ] || sed -i "s|$(sed 's/[].[*^$\\|]/\\&/g' <<<"$words")|$(printf '%-*s' "${#words}" Linux)|g" "$1"
  done
}

# until_true COMMAND… : waits until COMMAND succeeds, at most 15 s.
until_true() {
  local tries
  for tries in $(seq 150); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  echo "$0: gave up waiting for: $*" >&2
  return 1
}

listens() { # listens tcp|udp PORT : true when something on the server has that port open
  [ -n "$(server ss -Hln "--$1" "sport = :$2")" ]
}

# pki : a throw-away authority, one certificate for server.example.test and one for client.example.test.
pki() {
  local name usage
  mkdir -p "$LAB/pki"
  (
    cd "$LAB/pki"
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -days 30 -subj "/O=Example/CN=Example Test CA" -out ca.pem
    for name in server client; do
      usage=${name}Auth
      openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"
      openssl req -new -key "$name.key" -subj "/O=Example/CN=$name.example.test" -out "$name.csr"
      openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out "$name.pem" \
        -extfile <(printf 'subjectAltName=DNS:%s.example.test\nextendedKeyUsage=%s\nkeyUsage=digitalSignature\n' "$name" "$usage")
    done
    chmod 644 ./*.key
  ) 2>"$LAB/pki.log"
}

lab_network
