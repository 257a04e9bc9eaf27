#!/bin/bash
# http.pcap: curl against nginx. GET, HEAD, POST, PUT, keep-alive, chunked, HTTP/1.0, 404, an odd
# port, IPv4 and IPv6.
LAB_PACKAGES="curl nginx-light"
LAB_PROGRAMS="curl nginx"
. "$(dirname "$0")/lab.sh"

mkdir -p "$LAB/www" "$LAB/nginx"
for line in $(seq 30); do echo "<p>Line $line of a page about nothing in particular.</p>"; done >"$LAB/www/index.html"
head -c 6000 /dev/zero | tr '\0' 'w' >"$LAB/www/large.txt"
cat >"$LAB/nginx.conf" <<CONF
user root;
daemon off;
pid $LAB/nginx.pid;
error_log $LAB/error.log;
events {}
http {
  access_log off;
  types { text/html html; text/plain txt; }
  gzip on;
  gzip_types text/plain;
  client_body_temp_path $LAB/nginx/body;
  proxy_temp_path $LAB/nginx/proxy;
  fastcgi_temp_path $LAB/nginx/fastcgi;
  uwsgi_temp_path $LAB/nginx/uwsgi;
  scgi_temp_path $LAB/nginx/scgi;
  server {
    listen 80; listen 8080; listen 31337;
    listen [::]:80; listen [::]:31337;
    server_name www.example.test;
    root $LAB/www;
    location /form { return 200 "thank you\n"; }
    location /old { return 301 /index.html; }
  }
}
CONF
server nginx -c "$LAB/nginx.conf" &
until_true listens tcp 31337

v4="--resolve www.example.test:80:192.0.2.2 --resolve www.example.test:8080:192.0.2.2 --resolve www.example.test:31337:192.0.2.2"
v6="--resolve www.example.test:80:[2001:db8::2] --resolve www.example.test:31337:[2001:db8::2]"
get() { curl -sS -o /dev/null "$@"; }

record http.pcap -i client0
get $v4 http://www.example.test/
get $v4 -I http://www.example.test/
get $v4 -d "name=weir&kind=river" http://www.example.test/form
get $v4 -T "$LAB/www/index.html" http://www.example.test/form
get $v4 --compressed http://www.example.test/large.txt
get $v4 http://www.example.test/ -o /dev/null http://www.example.test/large.txt -o /dev/null http://www.example.test/none
get $v4 -L http://www.example.test:8080/old
get $v4 --http1.0 http://www.example.test:8080/
get $v4 -d "@$LAB/www/large.txt" -H "Expect: 100-continue" http://www.example.test:31337/form
get $v4 http://www.example.test:31337/ -o /dev/null http://www.example.test:31337/large.txt
get $v6 http://www.example.test/
get $v6 -d "over=ipv6" http://www.example.test:31337/form
record_end
