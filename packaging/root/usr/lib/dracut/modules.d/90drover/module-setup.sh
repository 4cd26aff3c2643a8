#!/bin/bash
# dracut(8): Drover loads the initramfs' modules, too.

check() {
    require_binaries /usr/bin/drover
}

depends() {
    echo udev-rules
}

install() {
    inst_multiple /usr/bin/drover /usr/lib/drover/80-drivers.rules /usr/lib/drover/initramfs cat mkdir rm sleep
    inst_libdir_file "liblzma.so.5*" "libzstd.so.1*" # drover opens them where they are
    inst_multiple -o /var/lib/drover/boot-record # the order of the last boot's loads
    # The image's modprobe is Drover's: kmod's would load what the daemon is loading already. All tools are links to kmod.
    inst kmod /usr/bin/kmod
    ln -sf drover "$initdir/usr/bin/kmod"
    inst_multiple modprobe
    # what may be loaded
    inst_multiple -o /etc/drover/policy.d/*.conf /usr/local/lib/drover/policy.d/*.conf /usr/lib/drover/policy.d/*.conf
    inst_hook pre-udev 10 "$moddir/start.sh"
    inst_hook cleanup 10 "$moddir/stop.sh"
}
