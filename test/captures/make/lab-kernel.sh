#!/bin/bash
# First process of a user-mode Linux kernel (Debian package user-mode-linux), for captures that want
# what this machine's kernel may lack (PPP, L2TP, GRE, ESP). lab.sh starts it when a script sets
# LAB_KERNEL_MODULES; the kernel's root is this machine's file system, with a /tmp and /run of its own.
# LAB_SCRIPT and LAB_MODULES (comma-separated) come from the kernel's command line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/net /run/modules/lib
mount -t devpts devpts /dev/pts
ln -s /usr/lib/uml/modules /run/modules/lib/modules
printf '#!/bin/sh\nexec /usr/sbin/modprobe -d /run/modules "$@"\n' >/run/modules/load
chmod +x /run/modules/load
echo /run/modules/load >/proc/sys/kernel/modprobe
for module in veth af_packet ipv6 ${LAB_MODULES//,/ }; do
  modprobe -q -d /run/modules "$module" || echo "lab-kernel: no module $module"
done
LAB_UML=1 "$LAB_SCRIPT" && echo "lab-kernel: done"
echo o >/proc/sysrq-trigger
sleep 5
