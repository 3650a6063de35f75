ip link set dev lo mtu 1500 address 02:00:0a:00:00:05
case "$(tc qdisc show dev eth0)" in
*'qdisc ingress '* | *'qdisc clsact '*) ;;
*) tc qdisc add dev eth0 ingress ;;
esac
case "$(tc qdisc show dev lo)" in
*'qdisc ingress '* | *'qdisc clsact '*) ;;
*) tc qdisc add dev lo ingress ;;
esac
echo 1 > /proc/sys/net/ipv4/conf/lo/route_localnet
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects
echo 0 > /proc/sys/net/ipv4/conf/lo/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/lo/send_redirects
echo 1 > /proc/sys/net/ipv4/conf/lo/accept_local
