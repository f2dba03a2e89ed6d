#!/bin/sh
# Makes the secrets that compose.yaml hands to the containers, where they are missing; what is there
# stays. The directory can be entered by its owner alone. The files in it can be read by all, because
# the users inside the containers have other ids than the one outside.
#
# Each role has a user of its own in RabbitMQ and in Redis, who may do what the role does and nothing else.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
cd secrets

# 48 hexadecimal digits: nothing that a URL or a configuration file would have to quote.
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# put FILE TEXT
put() {
  printf '%s\n' "$2" >"$1.new"
  chmod 444 "$1.new"
  mv -f "$1.new" "$1"
}

# keep FILE TEXT
keep() { [ -s "$1" ] || put "$1" "$2"; }

broker_roles="configure processors vehicles cameras simulation"
store_roles="processors vehicles simulation"

for name in admin_token sink_token camera_token ping_token gate_token simulation_token \
  rabbitmq_password redis_password grafana_password; do
  keep "$name" "$(random)"
done
for role in $broker_roles; do keep "rabbitmq_password_$role" "$(random)"; done
for role in $store_roles; do keep "redis_password_$role" "$(random)"; done

# The same passwords in the form that each program reads: made anew each time, so that who changes a
# password changes one file.
for role in $broker_roles; do
  put "broker_url_$role" "amqp://$role:$(cat "rabbitmq_password_$role")@rabbitmq:5672/"
done
redis_url() { echo "redis://$1:$(cat "redis_password_$1")@redis:6379/$2"; }
put store_url "$(redis_url processors 0)"
put generator_store_url "$(redis_url simulation 1)"
put vehicles_store_url "$(redis_url vehicles 2)"
# Who is inside, and nothing else of the processors' database.
put inside_store_url "$(redis_url vehicles 0)"

# What each may declare, write to and read from: regular expressions of RabbitMQ. `amq.default` is the
# exchange that leads to each queue by its name.
user() { printf '{"name":"%s","password":"%s","tags":"%s"}' "$1" "$(cat "$2")" "$3"; }
may() {
  printf '{"user":"%s","vhost":"/","configure":"%s","write":"%s","read":"%s"}' "$1" "$2" "$3" "$4"
}
dead='vehicle_dead_letter'
# The stream that the web role publishes the feed to, and the queue by which one does at a time.
feed='^carpark[.]feed([.]writer)?$'
put rabbitmq_definitions.json "{
\"users\": [
$(user carpark rabbitmq_password administrator),
$(for role in $broker_roles; do user "$role" "rabbitmq_password_$role" ''; echo ,; done | sed '$s/,$//')
],
\"vhosts\": [{\"name\":\"/\"}],
\"permissions\": [
$(may carpark '.*' '.*' '.*'),
$(may configure "^vehicle_(entry|exit|ping|dead_letter)\$" "^$dead\$" "^vehicle_(entry|exit|ping|dead_letter)\$"),
$(may processors "^$dead[.]looked_at\$" "^(amq[.]default|$dead)\$" "^vehicle_(entry|exit|dead_letter)\$"),
$(may vehicles '^$' "^(amq[.]default|$dead)\$" '^vehicle_ping$'),
$(may cameras "$feed" '^amq[.]default$' "$feed"),
$(may simulation '^$' '^amq[.]default$' '^$')
]}"

# `default` is for people and for the exporter. No role may do what is dangerous, but look how Redis is
# and have it rewrite its file after an erasure.
acl() { echo "user $1 on >$(cat "redis_password_$1") resetchannels $2 +@all -@admin -@dangerous +info +bgrewriteaof +config|get"; }
put redis_auth.conf "requirepass $(cat redis_password)
$(acl processors '~*')
$(acl vehicles '~customers ~vehicles ~vehicle_* %R~entry_plates')
$(acl simulation '~carpark:generators:*')"
put redis_exporter.json "{\"redis://redis:6379\": \"$(cat redis_password)\"}"
