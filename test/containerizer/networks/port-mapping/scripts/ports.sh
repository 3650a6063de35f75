{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter del dev eth0 ingress pref 16385
filter del dev lo ingress pref 16385
filter del dev eth0 parent 1: pref 16385
filter del dev mesos-p32768 ingress pref 769
filter del dev mesos-p32768 ingress pref 785
END
nsenter --net='/run/it'\''s' sh -e <<'INSIDE'
{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter del dev lo ingress pref 769
filter del dev eth0 ingress pref 769
END
tc -batch - <<'END'
filter add dev lo ingress protocol ip pref 769 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 flowid ffff:0
filter add dev eth0 ingress protocol ip pref 769 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev lo ingress protocol ip pref 769 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 flowid ffff:0
filter add dev eth0 ingress protocol ip pref 769 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev lo
END
INSIDE
tc -batch - <<'END'
filter add dev mesos-p32768 ingress protocol ip pref 769 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 769 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 785 u32 match ip src 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 action mirred egress redirect dev eth0
filter add dev mesos-p32768 ingress protocol ip pref 769 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 769 u32 match ip dst 127.0.0.0/8 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev lo
filter add dev mesos-p32768 ingress protocol ip pref 785 u32 match ip src 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 action mirred egress redirect dev eth0
filter add dev eth0 parent 1: protocol ip pref 16385 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 32768 0xfc00 flowid 1:803
filter add dev eth0 ingress protocol ip pref 16385 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev mesos-p32768
filter add dev lo ingress protocol ip pref 16385 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 32768 0xfc00 action mirred egress redirect dev mesos-p32768
filter add dev eth0 parent 1: protocol ip pref 16385 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip sport 31000 0xfff8 flowid 1:803
filter add dev eth0 ingress protocol ip pref 16385 u32 match ip dst 10.0.0.5/32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev mesos-p32768
filter add dev lo ingress protocol ip pref 16385 u32 match u8 0x45 0xff at 0 match u16 0x0000 0x1fff at 6 match ip dport 31000 0xfff8 action mirred egress redirect dev mesos-p32768
END
{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter del dev eth0 ingress pref 16384
filter del dev lo ingress pref 16384
filter del dev eth0 parent 1: pref 16384
filter del dev mesos-p32768 ingress pref 768
filter del dev mesos-p32768 ingress pref 784
END
nsenter --net='/run/it'\''s' sh -e <<'INSIDE'
{ tc -force -batch - 2>/dev/null || :; } <<'END'
filter del dev lo ingress pref 768
filter del dev eth0 ingress pref 768
END
INSIDE
