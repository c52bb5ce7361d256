# A client in plain shell: one line and one write a request, and replies by FIFOs of its own that it keeps.
# shell_client.sh PAUSE NAME...: asks by each of the FIFOs in turn until /tmp/stop is there, then a last time; prints how
# often it asked by each, and every reply. Several names, as nobody may have many requests under way by one.
set -eu
pause=$1 asked=0
shift
ask() {
    echo '{"jsonrpc":"2.0","method":"generateIntegers","params":{"n":1,"min":1,"max":6},"id":'"$2"',"reply":"'"$1"'"}' \
        >/run/fifod/requests
}
readers=
for name; do
    mkfifo -m 620 "/run/fifod/replies/$name"
    timeout 300 sed '/"id":"last"/q' <>"/run/fifod/replies/$name" >"/tmp/$name" 2>&1 &
    readers="$readers $!"
done
trap 'kill $readers 2>/dev/null || true' EXIT
echo asking
while [ ! -e /tmp/stop ]; do
    asked=$((asked + 1))
    for name; do
        ask "$name" "$asked"
        $pause
    done
done
for name; do
    ask "$name" '"last"'
done
wait
echo "$asked"
for name; do
    cat "/tmp/$name"
    rm "/run/fifod/replies/$name" "/tmp/$name"
done
