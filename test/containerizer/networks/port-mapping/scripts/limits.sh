nsenter --net='/run/it'\''s' sh -e <<'INSIDE'
{ tc -force -batch - 2>/dev/null || :; } <<'END'
qdisc del dev eth0 root
END
tc -batch - <<'END'
qdisc add dev eth0 root handle 1: htb default 1
class replace dev eth0 parent 1: classid 1:1 htb rate 1000000bit ceil 2000000bit burst 15000b quantum 60000
qdisc add dev eth0 parent 1:1 fq_codel
END
INSIDE
{ tc -force -batch - 2>/dev/null || :; } <<'END'
qdisc del dev mesos-p32768 root
END
