#!/bin/bash
# mysql.pcapng (db0): the mariadb client against mariadbd. Login, queries, a prepared statement, a wrong
# password, a session that turns to TLS, an odd port, IPv6.
LAB_PACKAGES="mariadb-server-core mariadb-client"
LAB_PROGRAMS="mariadbd mariadb mariadb-install-db openssl"
LAB_INTERFACE=db0
. "$(dirname "$0")/lab.sh"

pki
data=$LAB/data
mariadb-install-db --no-defaults --user=root --datadir="$data" --auth-root-authentication-method=normal >"$LAB/install.log" 2>&1
cat >"$LAB/init.sql" <<SQL
CREATE DATABASE rivers;
CREATE USER 'reader'@'%' IDENTIFIED BY 'example-password';
GRANT ALL ON rivers.* TO 'reader'@'%';
SQL
server mariadbd --no-defaults --user=root --datadir="$data" --socket="$LAB/db.sock" --pid-file="$LAB/db.pid" \
  --skip-name-resolve --bind-address='*' --port=3306 --extra-port=13306 --init-file="$LAB/init.sql" \
  --ssl-ca="$LAB/pki/ca.pem" --ssl-cert="$LAB/pki/server.pem" --ssl-key="$LAB/pki/server.key" >"$LAB/db.log" 2>&1 &
until_true listens tcp 13306

query() { mariadb --no-defaults -u reader -pexample-password "$@" >>"$LAB/answers" 2>&1 || true; }

record mysql.pcapng -i db0
query --skip-ssl -h 192.0.2.2 rivers -e "
  CREATE TABLE river (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(40), km INT);
  INSERT INTO river (name, km) VALUES ('Weser', 451), ('Neisse', 254), ('Unstrut', 192);
  SELECT * FROM river WHERE km > 200;
  PREPARE longest FROM 'SELECT name FROM river ORDER BY km DESC LIMIT ?';
  SET @n = 1; EXECUTE longest USING @n;
  UPDATE river SET km = km + 1;
  SELECT nothing FROM nowhere;"
query --skip-ssl -h 192.0.2.2 rivers -e "SELECT seq, REPEAT('x', 40) FROM seq_1_to_200"
query --skip-ssl -h 192.0.2.2 -pwrong-password -e "SELECT 1"
query --skip-ssl -h 192.0.2.2 -P 13306 rivers -e "SHOW TABLES; SELECT COUNT(*) FROM river"
query --skip-ssl -h 2001:db8::2 rivers -e "SELECT name FROM river"
query --ssl --ssl-ca="$LAB/pki/ca.pem" -h 192.0.2.2 rivers -e "SELECT * FROM river; SHOW STATUS LIKE 'Ssl_version'"
record_end
grep -q TLSv "$LAB/answers"
