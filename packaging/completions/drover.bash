# Completion of drover and of kmod's tools. A test writes it from the program's tables: change those, then
# run the test with DROVER_UPDATE_GOLDEN=1.

_drover_modules() {
    local list=/lib/modules/$(uname -r)/modules.dep
    [ -r "$list" ] && sed -n 's|^.*/\([^/:]*\)\.ko[^:]*:.*|\1|p; s|^\([^/:]*\)\.ko[^:]*:.*|\1|p' "$list"
}

_drover_loaded() {
    [ -r /proc/modules ] && cut -d' ' -f1 /proc/modules
}

# $1: the options; $2: those with a path as value; $3: the operands; $4: words of values, as --option:word.
# An option may take both a word and a path, and files may follow the words of the first operand.
_drover_words() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words
    [ "$current" != = ] || current=
    [ "$previous" != = ] || previous=${COMP_WORDS[COMP_CWORD-2]}
    words=$(printf '%s\n' $4 | sed -n "s|^$previous:||p")
    if [[ $previous == -* && -n $words || " $2 " == *" $previous "* ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        [[ " $2 " != *" $previous "* ]] || COMPREPLY+=($(compgen -f -- "$current"))
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$1" -- "$current"))
    else
        case $3 in
            modules)
                COMPREPLY=($(compgen -W "$(_drover_modules)" -- "$current"))
                COMPREPLY+=($(compgen -f -X '!*.ko*' -- "$current")) ;;
            loaded) COMPREPLY=($(compgen -W "$(_drover_loaded)" -- "$current")) ;;
            files) COMPREPLY=($(compgen -f -- "$current")) ;;
            none) COMPREPLY=() ;;
            *', files')
                if [ "$COMP_CWORD" = 2 ]; then
                    COMPREPLY=($(compgen -W "${3%, files}" -- "$current"))
                else
                    COMPREPLY=($(compgen -f -- "$current"))
                fi ;;
            *) COMPREPLY=($(compgen -W "$3" -- "$current")) ;;
        esac
    fi
}

_drover_command() {
    case $1 in
        coldplug) _drover_words '-n --dry-run -j --jobs --budget --stagger --decompress -r --root -k --release --sys --json -v --verbose -q --quiet -h --help' '-r --root --sys' 'none' '--decompress:kernel --decompress:here' ;;
        daemon) _drover_words '-j --jobs --budget --stagger --decompress -r --root -k --release --socket --group --own-modprobe --own-rules -v --verbose -h --help' '-r --root --socket' 'none' '--decompress:kernel --decompress:here' ;;
        status) _drover_words '-1 --once --socket --json --metrics -h --help' '--socket --metrics' 'none' '' ;;
        settle) _drover_words '-t --timeout --socket --json -h --help' '--socket' 'none' '' ;;
        install) _drover_words '-n --dry-run -r --root --no-initramfs --watch -h --help' '-r --root' 'none' '' ;;
        uninstall) _drover_words '-n --dry-run -r --root --no-initramfs -h --help' '-r --root' 'none' '' ;;
        load) _drover_words '-n --dry-run -j --jobs --budget --stagger --decompress -r --root -k --release --override-policy --json -v --verbose -h --help' '-r --root' 'modules' '--decompress:kernel --decompress:here' ;;
        modules-load) _drover_words '-n --dry-run -j --jobs --budget --stagger --decompress -r --root -k --release --json -v --verbose -h --help' '-r --root' 'files' '--decompress:kernel --decompress:here' ;;
        resolve) _drover_words '-r --root -k --release --json -v --verbose -h --help' '-r --root' 'none' '' ;;
        seal) _drover_words '--socket -h --help' '--socket' 'none' '' ;;
        boot) _drover_words '--recording --systemd --save --html --trace --socket --json --color --no-pager -h --help' '--recording --systemd --save --html --trace --socket' 'none' '--color:auto --color:always --color:never' ;;
        watch) _drover_words '--for --begin --since-boot --module --comm --device --errno --sort --json -v --verbose --color -h --help' '' 'none' '--errno:0 --errno:any --errno:EEXIST --errno:EBUSY --errno:ENODEV --errno:ENOENT --errno:ETXTBSY --errno:ENOMEM --errno:EPERM --sort:vain --sort:calls --sort:time --sort:first --sort:name --color:auto --color:always --color:never' ;;
        timeline) _drover_words '--html --since --until --all --socket --json --color --no-pager -h --help' '--html --socket' 'none' '--color:auto --color:always --color:never' ;;
        audit) _drover_words '-r --root -k --release --sys --memory --tar --boot --scenario --cpus --initramfs --json --metrics --color --no-pager -h --help' '-r --root --sys --tar --boot --scenario --initramfs --metrics' 'none' '--scenario:debian13 --scenario:debian12 --initramfs:running --color:auto --color:always --color:never' ;;
        why) _drover_words '-r --root -k --release --sys --socket --json --color --no-pager -h --help' '-r --root --sys --socket' 'modules' '--color:auto --color:always --color:never' ;;
        policy) _drover_words '-o --output --sealed --modprobe.d --blacklist -r --root -k --release --sys --json --color --no-pager -h --help' '-o --output -r --root --sys' 'check import export learn, files' '--color:auto --color:always --color:never' ;;
        report) _drover_words '--html --title --label --color --no-pager -h --help' '--html' 'files' '--color:auto --color:always --color:never' ;;
        herd) _drover_words '--cpus --gate --herd --memory --kasan --user-decompress --seed --scenario --cost --sweep --json --csv --html --trace --stats --explore --color --no-pager -h --help' '--scenario --html' 'none' '--gate:none --gate:early --gate:exclusive --gate:idempotent --gate:all --herd:udev --herd:threads --herd:modprobe --herd:modules-load --herd:spray --herd:user-decompress --herd:drover --herd:all --scenario:debian13 --scenario:debian12 --sweep:cpus= --sweep:memory= --color:auto --color:always --color:never' ;;
        scenario) _drover_words '-o --output -r --root -k --release --sys --name --description --memory --from --timings --slowdown --guest --color --no-pager -h --help' '-o --output -r --root --sys --from --timings' 'none' '--color:auto --color:always --color:never' ;;
        depmod) _drover_words '-a --all -A --quick -e --errsyms -n --show -P --symbol-prefix -C --config -v --verbose -w --warn -V --version -h --help -b --basedir -m --moduledir -o --outdir -F --filesyms -E --symvers' '-C --config -b --basedir -m --moduledir -o --outdir -F --filesyms -E --symvers' 'none' '' ;;
        insmod) _drover_words '-f --force --force-modversion --force-vermagic --override-policy -s --syslog -v --verbose -V --version -h --help' '' 'files' '' ;;
        kmod) _drover_words '-V --version -h --help' '' 'help list static-nodes' '' ;;
        lsmod) _drover_words '-s --syslog -v --verbose --json -V --version -h --help' '' 'none' '' ;;
        modinfo) _drover_words '-a --author -d --description -l --license -p --parameters -n --filename -0 --null -m --modname -F --field -k --set-version -b --basedir --json -V --version -h --help' '-b --basedir' 'modules' '' ;;
        modprobe) _drover_words '-a --all -r --remove --remove-holders --remove-dependencies -w --wait --first-time -i --ignore-install -i --ignore-remove -b --use-blacklist -f --force --force-modversion --force-vermagic -R --resolve-alias -D --show-depends -c --showconfig -c --show-config --show-modversions --dump-modversions --show-exports --explain -n --dry-run -n --show -C --config -d --dirname -S --set-version --first-softdep --override-policy --json -s --syslog -q --quiet -v --verbose -V --version -h --help' '-C --config -d --dirname' 'modules' '' ;;
        rmmod) _drover_words '-f --force -s --syslog -v --verbose -V --version -h --help' '' 'loaded' '' ;;
    esac
}

_drover() {
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W 'coldplug daemon status settle install uninstall load modules-load resolve seal boot watch timeline audit why policy report herd scenario depmod insmod kmod lsmod modinfo modprobe rmmod help --help --version' -- "${COMP_WORDS[1]}"))
    elif [ "${COMP_WORDS[1]}" = help ]; then
        COMPREPLY=($(compgen -W 'coldplug daemon status settle install uninstall load modules-load resolve seal boot watch timeline audit why policy report herd scenario depmod insmod kmod lsmod modinfo modprobe rmmod' -- "${COMP_WORDS[COMP_CWORD]}"))
    else
        _drover_command "${COMP_WORDS[1]}"
    fi
}

_drover_tool() { _drover_command "${1##*/}"; }

complete -F _drover drover
complete -F _drover_tool depmod
complete -F _drover_tool insmod
complete -F _drover_tool kmod
complete -F _drover_tool lsmod
complete -F _drover_tool modinfo
complete -F _drover_tool modprobe
complete -F _drover_tool rmmod
