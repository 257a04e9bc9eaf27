#!/bin/bash
# postgresql.pcap: psql against PostgreSQL. Login (SCRAM), queries, COPY, a wrong password, a
# cancelled query; TLS asked and refused, asked and accepted, not asked; an odd port, IPv6.
LAB_PACKAGES="postgresql postgresql-client"
LAB_PROGRAMS="postgres initdb psql openssl runuser"
. "$(dirname "$0")/lab.sh"

pki
mkdir "$LAB/db" && chown postgres "$LAB/db"
install -o postgres -m 600 "$LAB/pki/server.key" "$LAB/db/server.key"
runuser -u postgres -- initdb -D "$LAB/db/data" -U owner -A trust --no-sync >"$LAB/init.log"
cat >"$LAB/db/data/pg_hba.conf" <<CONF
local all owner trust
host all all 0.0.0.0/0 scram-sha-256
host all all ::/0 scram-sha-256
CONF
cp -a "$LAB/db/data" "$LAB/db/secure"
start() { # start DATA PORT OPTION…
  local data=$1 port=$2
  shift 2
  server runuser -u postgres -- postgres -D "$LAB/db/$data" -p "$port" -h '*' -k "$LAB/db" -F "$@" >>"$LAB/db.log" 2>&1 &
  until_true psql -h "$LAB/db" -p "$port" -U owner -d postgres -c "CREATE ROLE reader LOGIN PASSWORD 'example-password'"
}
start data 5432
start secure 15432 -l -c ssl_cert_file="$LAB/pki/server.pem" -c ssl_key_file="$LAB/db/server.key"
for port in 5432 15432; do
  psql -q -h "$LAB/db" -p "$port" -U owner -d postgres -c "GRANT ALL ON SCHEMA public TO reader"
done

export PGPASSWORD=example-password PGUSER=reader PGDATABASE=postgres PGGSSENCMODE=disable
query() { psql -qAt "$@" >>"$LAB/answers" 2>&1 || true; }

record postgresql.pcap -i client0
query "host=192.0.2.2 sslmode=disable" -c "
  CREATE TABLE river (id SERIAL PRIMARY KEY, name TEXT, km INT);
  INSERT INTO river (name, km) VALUES ('Weser', 451), ('Neisse', 254), ('Unstrut', 192)" \
  -c "SELECT * FROM river WHERE km > 200" -c "COPY river TO STDOUT" -c "SELECT nothing FROM nowhere"
query "host=192.0.2.2 sslmode=prefer" -c "SELECT n, repeat('x', 40) FROM generate_series(1, 150) n"
PGPASSWORD=wrong-password query "host=192.0.2.2 sslmode=disable" -c "SELECT 1"
timeout --signal=INT 1 psql "host=192.0.2.2 sslmode=disable" -c "SELECT pg_sleep(20)" >>"$LAB/answers" 2>&1 || true
query "host=2001:db8::2 sslmode=disable" -c "SELECT name FROM river"
query "host=192.0.2.2 port=15432 sslmode=require" -c "SELECT version()" -c "SELECT n FROM generate_series(1, 50) n"
query "host=192.0.2.2 port=15432 sslmode=disable" -c "SELECT current_user"
record_end
