#!/bin/sh
/usr/lib/drover/initramfs stop
