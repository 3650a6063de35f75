case "$(tc qdisc show dev eth0 root)" in
*'qdisc fq_codel 1: '*) ;;
'' | *'qdisc '*' 0: '*) tc qdisc add dev eth0 root handle 1: fq_codel flows 8192 ;;
*) echo 'Egress qdisc already exists on eth0' >&2; exit 1 ;;
esac
[ -n "$(tc filter show dev eth0 parent 1: pref 61440)" ] ||
tc filter add dev eth0 parent 1: protocol all pref 61440 u32 match u32 0 0 flowid 1:1
[ -n "$(tc filter show dev eth0 parent 1: pref 1)" ] ||
tc filter add dev eth0 parent 1: protocol arp pref 1 u32 match u32 0 0 flowid 1:2
[ -n "$(tc filter show dev eth0 parent 1: pref 2)" ] ||
tc filter add dev eth0 parent 1: protocol ip pref 2 u32 match ip protocol 1 0xff flowid 1:2
