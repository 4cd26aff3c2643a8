using Drover.Tests.Kmod;

namespace Drover.Tests.Corpus;

/// <summary>A command line of the corpus.</summary>
/// <param name="Root">The root it runs on.</param>
/// <param name="Text">For bash; <c>$R</c> is the root, <c>$M</c> its module directory, <c>$V</c> the release.</param>
/// <param name="Writes">It may write, so it gets a root of its own, whose files are compared.</param>
sealed record CorpusLine(string Root, string Text, bool Writes = false)
{
    public override string ToString() => $"{Root}: {Text}";
}

/// <summary>All command lines.</summary>
static class CorpusLines
{
    public static IReadOnlyList<CorpusLine> All { get; } =
    [
        .. Modprobe(), .. ModprobeOnDamage(), .. OddNames(), .. Modinfo(), .. Files(), .. Depmod(), .. Others(),
        .. Usage(),
    ];

    /// <summary>A word for bash.</summary>
    static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    static string Names(IEnumerable<string> names) => string.Join(' ', names.Select(Quote));

    static IEnumerable<CorpusLine> Modprobe()
    {
        foreach (var (conf, options) in new[]
        {
            ("plain", "-D -R -bD -iD -nv -rnv -qD"), ("rounds", "-D -R -nv -rnv"), ("odd", "-D -R"),
        })
        {
            foreach (var option in options.Split(' '))
            {
                foreach (var name in ModprobeCorpus.Names)
                    yield return new("plain", $"modprobe -d $R -S $V -C $R/{conf} {option} {Quote(name)}");
            }
        }
        foreach (var option in "-aR -aD -abD -aqD -anv -arnv -c -cq -cR -D -an -anvi -aRq --show-depends".Split(' '))
        {
            foreach (var conf in new[] { "plain", "odd", "rounds", "empty", "nowhere", "plain/a.conf", "odd/c.txt" })
            {
                yield return new("plain",
                    $"modprobe -d $R -S $V -C $R/{conf} {option} {Names(ModprobeCorpus.Names)}");
            }
        }
        for (var i = 0; i < 12; i++)
        {
            foreach (var option in new[] { "-D", "-nv", "-rnv", "-inv", "-rnv --remove-holders", "-R" })
                yield return new("deep", $"modprobe -d $R -S $V -C $R/conf {option} link{i} p=1 'q=a b'");
            yield return new("deep", $"modprobe -d $R -S $V -C $R/conf -aR chain:l{i} chain:l{i}z symbol:sym{i}");
        }
        foreach (var line in new[]
        {
            "-D whole", "-c", "-D whole x=7", "-v link0", "-v link9", "-r link9", "-rv link2", "-f link1", "link7",
            "-b link7", "-bD link7", "--first-time link0", "--first-time -n link0", "-w 10 -r link0",
            "-a link0 nothing", "-q nothing", "nothing", "-S 9.9 link0", "-d /nowhere link0", "-C /nowhere -D link0",
            "-s nothing", "-D ./nothing.ko", "-nv /nothing/x.ko.xz", "-R ./nothing.ko", "-a ./nothing.ko nothing",
        })
        {
            yield return new("deep", $"modprobe -d $R -S $V -C $R/conf {line}");
        }
        foreach (var environment in new[]
        {
            "-D", "'-D -C /nowhere'", "\"-D --show '-C' $R/conf\"", "-q", "--nonsense",
        })
        {
            yield return new("deep", $"MODPROBE_OPTIONS={environment} modprobe -d $R -S $V link5 nothing");
        }
        foreach (var root in new[] { "cycle", "cycle-indexed" })
        {
            foreach (var line in new[] { "-D a", "-D b", "-D c", "-nv a", "-rnv a", "-R to-a", "-aD a b c" })
                yield return new(root, $"modprobe -d $R -S $V -C /dev/null {line}");
        }
        foreach (var line in new[] { "-D a", "-D b", "-c", "-R x", "-nv b" })
        {
            yield return new("weak",
                $"depmod -C /dev/null -b $R $V; modprobe -d $R -S $V -C $R/conf {line}", Writes: true);
        }
    }

    static IEnumerable<CorpusLine> ModprobeOnDamage()
    {
        // without damage as well, to compare with
        foreach (var root in CorpusRoots.Damages.Select(damage => $"damaged-{damage.Kind}").Prepend("plain"))
        {
            foreach (var line in new[]
            {
                "-D mid", "-D top", "-R fs-foo", "-R net-pf-10", "-R symbol:base_sym", "-D built", "-R fs-built", "-c",
                "-nv nothing", "-D soft",
            })
            {
                yield return new(root, $"modprobe -d $R -S $V -C $R/plain {line}");
            }
            foreach (var line in new[] { "-n mid", "-n built", "-n fs-foo", "-m mid", "nothing" })
                yield return new(root, $"modinfo -b $R -k $V {line}");
        }
        foreach (var line in new[] { "-D a", "-R a", "-c", "-nv a", "-rnv a" })
            yield return new("bare", $"modprobe -d $R -S $V -C /dev/null {line}");
    }

    static IEnumerable<CorpusLine> OddNames()
    {
        foreach (var name in CorpusRoots.OddNames)
        {
            foreach (var option in new[] { "-D", "-R", "-nv" })
                yield return new("odd", $"modprobe -d $R -S $V -C /dev/null {option} -- {Quote(name)} {Quote(name)}");
            yield return new("odd", $"modprobe -d $R -S $V -C /dev/null -R -- {Quote("of-" + name)}");
            yield return new("odd", $"modinfo -b $R -k $V -- {Quote(name)}");
            yield return new("odd", $"modinfo -- $M/kernel/{Quote(name)}.ko");
        }
        foreach (var line in new[] { "-D plain", "-D caf\u00e9", "-R of-caf\u00e9", "-c", "-D plain who=caf\u00e9" })
            yield return new("latin", $"modprobe -d $R -S $V -C $R/conf {line}");
        yield return new("latin", "modinfo -b $R -k $V plain");
        yield return new("latin", "modinfo $M/kernel/*");
        yield return new("latin", "depmod -n -C /dev/null -b $R $V");
        yield return new("odd", "modprobe -d $R -S $V -C /dev/null -c");
        yield return new("odd", "depmod -C /dev/null -b $R $V", Writes: true);
        yield return new("odd", "depmod -n -C /dev/null -b $R $V");
    }

    static IEnumerable<CorpusLine> Modinfo()
    {
        foreach (var option in "-a -d -l -p -n -0 -m -F|alias -F|softdep -ap -0n --null".Split(' '))
        {
            var options = option.Replace('|', ' ');
            foreach (var name in "base mid dup packed dash_name built fs-foo soft ghost".Split(' '))
                yield return new("plain", $"modinfo -b $R -k $V {options} {name}");
        }
        // modinfo of kmod has another order of the built-in modules of an alias
        var names = ModprobeCorpus.Names.Where(name => name != "fs-built").ToList();
        foreach (var name in names)
        {
            yield return new("plain", $"modinfo -b $R -k $V {Quote(name)}");
            yield return new("plain", $"modinfo -b $R -k $V -m {Quote(name)}");
        }
        yield return new("plain", $"modinfo -b $R -k $V -n {Names(names)}");
        foreach (var line in new[] { "-b /nowhere base", "-b $R -k 9.9 base", "-b $R base", "-k none base" })
            yield return new("plain", $"modinfo {line}");
    }

    static IEnumerable<CorpusLine> Files()
    {
        string[] more =
        [
            "symbols.ko", "symbols.bin", "big.ko", "packed-xz.ko.xz", "packed-zstd.ko.zst", "half-xz.ko.xz",
            "half-zstd.ko.zst",
            "named-xz.ko", "named-zstd.ko", "unpacked-xz.ko.xz", "unpacked-zstd.ko.zst", "words.ko.xz",
            "directory.ko", "link.ko", "dangling.ko", "none.ko",
        ];
        foreach (var file in ModinfoTests.Modules.Select(module => $"{module.Name}.ko").Concat(more))
        {
            yield return new("files", $"modinfo $M/{file}");
            yield return new("files", $"cd $M; modinfo -0 {file}");
            yield return new("files", $"modprobe --show-modversions $M/{file}");
            yield return new("files", $"modprobe --show-exports $M/{file}");
            yield return new("files", $"insmod $M/{file} a=b");
        }
        yield return new("files", "cd $M; modinfo *");
        yield return new("files", "depmod -C /dev/null -b $R $V", Writes: true);
        yield return new("files", "depmod -n -C /dev/null -b $R $V");
    }

    static IEnumerable<CorpusLine> Depmod()
    {
        foreach (var line in new[]
        {
            "", "-a", "-v", "-n", "-n -v", "-w", "-e", "-e -F $R/System.map", "-E $R/Module.symvers",
            "-e -E $R/Module.symvers", "-P _ -e -F $R/System.map", "-P ab", "-P _", "-u -q -r --map --root --quiet",
            "-A", "-A -n", "--quick", "-E $R/nowhere", "-F $R/nowhere", "-E $R", "-F /dev/null", "-C $R/nowhere",
            "-C $R/elsewhere", "-C $R/depmod.d/a.conf", "-C /dev/null", "-Z", "--nonsense", "--s", "--config",
        })
        {
            yield return new("depmod", $"depmod -C $R/depmod.d -b $R {line} $V", Writes: true);
        }
        foreach (var line in new[]
        {
            "abc", "/foo", "9.9", "1.", "", "-b $R 9.9.9", "-b $R/ $V", "-b $R $V relative.ko", "-b $R $V /nowhere.ko",
            "-b $R $V $M/kernel/a.ko", "-b $R $V $R/", "-b $R $V $R/else/where-it-is.ko", "-b $R -a $V /nowhere.ko",
            "-b $R $V $M/kernel/a.ko $M/kernel/b.ko", "-b $R $V $M/kernel/a.ko $M/kernel/a.ko",
            "-nb $R $V $M/kernel/b.ko",
        })
        {
            yield return new("depmod", $"depmod -C $R/depmod.d {line}", Writes: true);
        }
        foreach (var config in new[]
        {
            "search updates kernel", "search built-in updates", "search external updates\\nexternal * $R/else",
            "override b2 * updates", "exclude deep", "bad line\\n\\n# no\\nsearch", "make_map_files yes\\ninclude x",
            "external 9 $R/else\\nexternal (1 $R/else", "search \\\\\\n updates",
        })
        {
            yield return new("depmod",
                $"printf \"{config}\\n\" >$R/c.conf; depmod -C $R/c.conf -b $R $V; depmod -v -n -C $R/c.conf -b $R $V",
                Writes: true);
        }
        foreach (var change in new[]
        {
            "true", "touch -d '+1 hour' $M/kernel/a.ko", "rm $M/modules.dep", "rm $M/kernel/b.ko; touch $M/kernel/a.ko",
            "echo x >$M/modules.order", "rm $M/modules.builtin", "chmod 0 $M/kernel/a.ko", "mkdir $M/modules.dep",
            "mkfifo $M/kernel/pipe.ko", "ln -s nowhere $M/kernel/dangling.ko", "ln -s a.ko $M/kernel/linked.ko",
            "printf 'kernel/a.ko\\nkernel/b.ko' >$M/modules.order",
            "printf 'kernel/a.ko\\nkernel/b.ko\\n' >$M/modules.order", ": >$M/modules.order", "rm -r $M/kernel",
            "printf 'x.alias=y' >$M/modules.builtin.modinfo", ": >$M/kernel/a.ko", "rm -r $M",
        })
        {
            foreach (var option in new[] { "", "-A", "-n" })
            {
                yield return new("depmod",
                    $"{change}; depmod -C /dev/null {option} -b $R $V", Writes: true);
                yield return new("depmod",
                    $"depmod -C /dev/null -b $R $V; {change}; depmod -C /dev/null {option} -b $R $V", Writes: true);
            }
        }
        foreach (var root in new[] { "plain", "deep", "cycle", "weak", "bare" })
        {
            yield return new(root, "depmod -C /dev/null -b $R $V", Writes: true);
            yield return new(root, "depmod -n -C /dev/null -b $R $V");
            yield return new(root, "depmod -n -v -w -C /dev/null -b $R $V");
        }
        yield return new("deep", "depmod -C /dev/null -b $R $V $M/kernel/d1/link1.ko", Writes: true);
        yield return new("deep", "mkdir $R/out; depmod -C /dev/null -b $R -o $R/out $V", Writes: true);
        yield return new("deep", "depmod -C /dev/null -b $R/lib -m modules $V", Writes: true);
        yield return new("deep", "depmod -C /dev/null -b $R/lib -m /modules $V", Writes: true);
    }

    static IEnumerable<CorpusLine> Others()
    {
        foreach (var line in new[]
        {
            "lsmod", "lsmod x", "kmod list", "kmod help", "kmod", "kmod nonsense", "kmod lsmod", "kmod list x",
            "kmod static-nodes", "kmod static-nodes -f devname", "kmod static-nodes -f nonsense", "kmod --nonsense",
            "kmod modinfo nothing", "kmod depmod -Z", "rmmod", "rmmod nothing", "rmmod -v nothing",
            "rmmod -f nothing other", "rmmod -s nothing", "rmmod ./x.ko", "rmmod no-thing", "rmmod --wait nothing",
            "rmmod a b c", "insmod",
            "insmod nothing", "insmod /nowhere.ko", "insmod $M/kernel/lib/base.ko",
            "insmod $M/kernel/lib/base.ko a=b 'c=d e'", "insmod $M", "insmod /dev/null", "insmod - </dev/null",
            "insmod $M/kernel/fs/packed.ko.xz",
            "insmod $M/kernel/fs/dash-name.ko.zst x=1", "modprobe", "modinfo", "depmod --nonsense",
        })
        {
            yield return new("plain", line);
        }
    }

    /// <summary>Mistakes on the command line, of each tool.</summary>
    static IEnumerable<CorpusLine> Usage()
    {
        (string Tool, string Options)[] tools =
        [
            ("modprobe",
                "-Z --nonsense -C -d -S --set-version --config= -w --wait=x --show --sho -nq -qn -vv --all=1 --dir"),
            ("modinfo", "-Z --nonsense -F -k -b --field --basedir --se --para -aa"),
            ("depmod", "-Z --nonsense -b -C -E -F -P --basedir --symbol --outdir -o --moduledir -m"),
            ("insmod", "-Z --nonsense -f -s -v --force --force-vermagic --syslog --verbose"),
            ("rmmod", "-Z --nonsense -w --fo --verb -sv"), ("lsmod", "-Z --nonsense -s -v --verbose"),
        ];
        foreach (var (tool, options) in tools)
        {
            foreach (var option in options.Split(' '))
                yield return new("plain", $"{tool} {option}");
            foreach (var option in new[] { "-h", "--help", "-V", "--version" })
                yield return new("plain", $"{tool} {option}");
        }
    }
}
