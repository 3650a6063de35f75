ip link add mesos-p32768 mtu 1500 address 02:00:0a:00:00:05 type veth peer name eth0 mtu 1500 address 02:00:0a:00:00:05 netns '/run/it'\''s'
nsenter --net='/run/it'\''s' sh -e <<'INSIDE'
ip -batch - <<'END'
link set dev lo mtu 1500 address 02:00:0a:00:00:05 up
link set dev eth0 up
address add 10.0.0.5/24 dev eth0
route add default via 10.0.0.1 dev eth0 onlink
END
[ ! -w /proc/sys/net/ipv6/conf/all/disable_ipv6 ] || echo '1' > /proc/sys/net/ipv6/conf/all/disable_ipv6
echo 32768 33791 > /proc/sys/net/ipv4/ip_local_port_range
echo 1 > /proc/sys/net/ipv4/conf/eth0/accept_local
echo 1 > /proc/sys/net/ipv4/conf/lo/accept_local
echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter
echo 0 > /proc/sys/net/ipv4/conf/lo/rp_filter
echo 1 > /proc/sys/net/ipv4/conf/lo/route_localnet
[ ! -w /proc/sys/net/core/somaxconn ] || echo '4096' > /proc/sys/net/core/somaxconn
tc -batch - <<'END'
qdisc add dev lo ingress
qdisc add dev eth0 ingress
filter add dev lo ingress protocol ip pref 512 u32 match ip protocol 1 0xff match ip dst 10.0.0.5/32 flowid ffff:0
filter add dev lo ingress protocol ip pref 512 u32 match ip protocol 1 0xff match ip dst 127.0.0.0/8 flowid ffff:0
filter add dev lo ingress protocol ip pref 784 u32 match ip dst 10.0.0.5/32 action mirred egress redirect dev eth0
filter add dev lo ingress protocol ip pref 784 u32 match ip dst 127.0.0.0/8 action mirred egress redirect dev eth0
filter add dev lo ingress protocol ip pref 768 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 flowid ffff:0
filter add dev eth0 ingress protocol ip pref 768 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev lo ingress protocol ip pref 768 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 flowid ffff:0
filter add dev eth0 ingress protocol ip pref 768 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev lo
END
INSIDE
echo 1 > /proc/sys/net/ipv4/conf/mesos-p32768/rp_filter
[ ! -w /proc/sys/net/ipv6/conf/mesos-p32768/disable_ipv6 ] || echo '1' > /proc/sys/net/ipv6/conf/mesos-p32768/disable_ipv6
tc -batch - <<'END'
qdisc add dev mesos-p32768 ingress
filter add dev mesos-p32768 ingress protocol arp pref 256 u32 match u8 2 0xff at 8 match u8 0 0xff at 9 match u8 10 0xff at 10 match u8 0 0xff at 11 match u8 0 0xff at 12 match u8 5 0xff at 13 match u8 10 0xff at 14 match u8 0 0xff at 15 match u8 0 0xff at 16 match u8 5 0xff at 17 action mirred egress redirect dev eth0
filter add dev mesos-p32768 ingress protocol ip pref 512 u32 match ip protocol 1 0xff match ip src 10.0.0.5/32 action mirred egress redirect dev eth0
filter add dev mesos-p32768 ingress protocol ip pref 768 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 768 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 784 u32 match ip src 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev eth0
filter add dev mesos-p32768 ingress protocol ip pref 768 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 768 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 784 u32 match ip src 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev eth0
qdisc add dev mesos-p32768 root handle 1: htb default 1
class replace dev mesos-p32768 parent 1: classid 1:1 htb rate 8000000bit quantum 60000
filter add dev eth0 ingress protocol arp pref 10240 u32 match u32 0 0 action mirred egress mirror dev mesos-p32768 continue
filter add dev eth0 ingress protocol ip pref 6144 u32 match ip protocol 1 0xff match ip dst 10.0.0.5/32 action mirred egress mirror dev mesos-p32768 continue
filter add dev eth0 ingress protocol ip pref 16384 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev mesos-p32768
filter add dev lo ingress protocol ip pref 16384 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev mesos-p32768
filter add dev eth0 ingress protocol ip pref 16384 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev mesos-p32768
filter add dev lo ingress protocol ip pref 16384 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev mesos-p32768
END
ip link set dev mesos-p32768 up
