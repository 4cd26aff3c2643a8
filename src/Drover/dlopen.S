/* The libraries that drover opens where they are installed, for tools that fill an initramfs or a package's dependencies:
   an ELF note, as systemd's ELF_DLOPEN_METADATA describes it. */
    .section .note.dlopen, "a", %note
    .balign 4
    .long 4
    .long 2f - 1f
    .long 0x407c0c0a
    .asciz "FDO"
1:  .ascii "[{\"feature\":\"xz\",\"description\":\"decompresses .ko.xz with less work\","
    .ascii "\"priority\":\"recommended\",\"soname\":[\"liblzma.so.5\"]},"
    .ascii "{\"feature\":\"zstd\",\"description\":\"decompresses .ko.zst with less work\","
    .asciz "\"priority\":\"recommended\",\"soname\":[\"libzstd.so.1\"]}]"
2:  .balign 4
    .section .note.GNU-stack, "", %progbits
