#!/bin/sh
# Makes the secrets that compose.yaml hands to the containers, where they are missing; what is there
# stays. The directory can be entered by its owner alone. The files in it can be read by all, because
# the users inside the containers have other ids than the one outside.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets

# 48 hexadecimal digits: nothing that a URL or a configuration file would have to quote.
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# keep FILE TEXT
keep() {
  [ -s "$1" ] && return
  printf '%s\n' "$2" >"$1.new"
  chmod 444 "$1.new"
  mv "$1.new" "$1"
}

for name in admin_token sink_token rabbitmq_password redis_password grafana_password; do
  keep "$name" "$(random)"
done

# The same passwords in the form that each program reads.
rabbitmq=$(cat rabbitmq_password)
redis=$(cat redis_password)
keep broker_url "amqp://carpark:$rabbitmq@rabbitmq:5672/"
keep store_url "redis://:$redis@redis:6379/0"
keep generator_store_url "redis://:$redis@redis:6379/1"
keep vehicles_store_url "redis://:$redis@redis:6379/2"
keep rabbitmq_user.conf "default_user = carpark
default_pass = $rabbitmq"
keep redis_auth.conf "requirepass $redis"
keep redis_exporter.json "{\"redis://redis:6379\": \"$redis\"}"
