ip link del dev mesos-p32768 2>/dev/null || :
{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter del dev eth0 ingress pref 6144
filter del dev eth0 ingress pref 10240
filter del dev eth0 ingress pref 16384
filter del dev lo ingress pref 16384
filter del dev eth0 parent 1: pref 16384
filter del dev eth0 ingress pref 16385
filter del dev lo ingress pref 16385
filter del dev eth0 parent 1: pref 16385
END
ip -oneline link show dev mesos-p32768 2>/dev/null || :
{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter show dev eth0 ingress pref 6144
filter show dev eth0 ingress pref 10240
filter show dev eth0 ingress pref 16384
filter show dev eth0 ingress pref 16385
filter show dev lo ingress pref 16384
filter show dev lo ingress pref 16385
END
