using CsCheck;
using Drover.Modules.Config;
using Drover.Modules.Patterns;

namespace Drover.Modules.Tests.Config;

/// <summary>What a policy says about a module; the loader's tests show what follows from it.</summary>
public sealed class ModulePolicyTests
{
    const string NeedsPattern =
        "1: 'forbid' needs a pattern: a module or modalias, path:, signer:, unsigned or client:";

    const string OneOfAKind =
        ": a line has one path:, signer: and client: of a kind; write a line for each";

    const string Path = "/usr/lib/modules/6.12.0/updates/dkms/nvidia.ko";

    [Theory]
    [InlineData("forbid nvidia", PolicyEffect.Forbid)]
    [InlineData("forbid NVIDIA", PolicyEffect.Allow)]
    [InlineData("forbid nvi*", PolicyEffect.Forbid)]
    [InlineData("forbid nvi", PolicyEffect.Allow)]
    [InlineData("forbid pci:v000010DEd*", PolicyEffect.Forbid)]
    [InlineData("forbid pci:v00008086d*", PolicyEffect.Allow)]
    [InlineData("forbid path:/lib/modules/*/updates/*", PolicyEffect.Forbid)]
    [InlineData("forbid path:/usr/lib/modules/*/updates/*", PolicyEffect.Forbid)]
    [InlineData("forbid path:/lib/modules/*/kernel/*", PolicyEffect.Allow)]
    [InlineData("forbid unsigned", PolicyEffect.Allow)]
    [InlineData("forbid signer:DKMS*", PolicyEffect.Forbid)]
    [InlineData("forbid \"signer:DKMS module signing key\"", PolicyEffect.Forbid)]
    [InlineData("forbid client:uid:1000", PolicyEffect.Forbid)]
    [InlineData("forbid client:uid:0", PolicyEffect.Allow)]
    [InlineData("forbid client:cgroup:/system.slice/docker-*", PolicyEffect.Forbid)]
    [InlineData("forbid client:cgroup:/user.slice/*", PolicyEffect.Allow)]
    [InlineData("forbid nvidia path:/lib/* client:uid:1000", PolicyEffect.Forbid)]
    [InlineData("forbid nvidia path:/lib/* client:uid:1001", PolicyEffect.Allow)]
    [InlineData("default forbid", PolicyEffect.Forbid)]
    [InlineData("default forbid client:uid:1000", PolicyEffect.Forbid)]
    [InlineData("default forbid client:uid:1001", PolicyEffect.Allow)]
    [InlineData("default allow\ndefault forbid client:cgroup:/system.slice/docker-*", PolicyEffect.Forbid)]
    [InlineData("default forbid client:uid:1000\nallow nvidia client:uid:1000", PolicyEffect.Allow)]
    [InlineData("default forbid client:uid:1000 when booted", PolicyEffect.Allow)]
    [InlineData("default forbid\nallow nvidia", PolicyEffect.Allow)]
    [InlineData("allow nvidia\ndefault forbid", PolicyEffect.Allow)]
    [InlineData("default forbid\ndefault allow", PolicyEffect.Forbid)]
    [InlineData("forbid nvidia\nallow nvidia", PolicyEffect.Forbid)]
    [InlineData("allow nvidia\nforbid nvi*", PolicyEffect.Forbid)]
    [InlineData("default forbid\nwarn nvidia", PolicyEffect.Warn)]
    [InlineData("warn nvidia\nallow nvidia", PolicyEffect.Warn)]
    [InlineData("forbid nvidia when booted", PolicyEffect.Allow)]
    [InlineData("default forbid when booted", PolicyEffect.Allow)]
    [InlineData("default forbid\nallow nvidia when booted", PolicyEffect.Forbid)]
    [InlineData("  # a comment\n\n\tforbid\tnvidia  because  it is closed", PolicyEffect.Forbid)]
    [InlineData("forbid \\\nnvidia", PolicyEffect.Forbid)]
    [InlineData("forbid nouveau nvidia radeon", PolicyEffect.Forbid)]
    [InlineData("forbid nouveau radeon", PolicyEffect.Allow)]
    [InlineData("forbid nvidia nouveau path:/opt/*", PolicyEffect.Allow)]
    [InlineData("default forbid\nallow nouveau nvidia", PolicyEffect.Allow)]
    [InlineData("forbid nvidia # closed", PolicyEffect.Forbid)]
    [InlineData("forbid nouveau # not nvidia", PolicyEffect.Allow)]
    public void The_strongest_line_that_applies_decides(string text, PolicyEffect effect)
    {
        var policy = ModulePolicy.Parse(text, fileTexts: _ => new("nvidia", "DKMS module signing key"));
        Assert.Empty(policy.Problems);
        Assert.Equal(effect, policy.Ask(Nvidia).Effect);
    }

    [Theory]
    [InlineData("forbid client:cgroup:/docker/*", PolicyEffect.Forbid)]
    [InlineData("default forbid client:cgroup:/docker/*", PolicyEffect.Forbid)]
    [InlineData("default forbid\nallow nvidia client:cgroup:*", PolicyEffect.Forbid)]
    [InlineData("warn nvidia client:cgroup:*", PolicyEffect.Allow)]
    [InlineData("forbid client:cgroup:/docker/* client:uid:1", PolicyEffect.Allow)]
    public void A_program_without_a_readable_control_group_is_the_least_trusted(string text, PolicyEffect effect) =>
        Assert.Equal(effect, ModulePolicy.Parse(text).Ask(Nvidia with { Client = new(0, () => null) }).Effect);

    [Fact]
    public void A_device_is_no_client() => Assert.Equal(
        PolicyEffect.Allow,
        ModulePolicy.Parse("forbid client:cgroup:*").Ask(Nvidia with { Client = null }).Effect);

    [Theory]
    [InlineData("", PolicyEffect.Forbid)]
    [InlineData("allow nvidia", PolicyEffect.Forbid)]
    [InlineData("warn nvidia", PolicyEffect.Forbid)]
    [InlineData("allow nvidia when booted", PolicyEffect.Allow)]
    [InlineData("warn nvidia when booted", PolicyEffect.Warn)]
    [InlineData("allow nvidia when booted\nforbid nvidia", PolicyEffect.Forbid)]
    [InlineData("default allow when booted", PolicyEffect.Allow)]
    [InlineData("default allow when booted\nforbid nvidia when booted", PolicyEffect.Forbid)]
    [InlineData("default allow when booted\ndefault forbid", PolicyEffect.Forbid)]
    public void After_a_seal_only_lines_for_that_allow(string text, PolicyEffect effect) =>
        Assert.Equal(effect, ModulePolicy.Parse(text, isSealed: true).Ask(Nvidia).Effect);

    [Theory]
    [InlineData(null, PolicyEffect.Forbid)]
    [InlineData("", PolicyEffect.Allow)]
    [InlineData("someone", PolicyEffect.Allow)]
    public void Unsigned_is_a_module_without_signature(string? signer, PolicyEffect effect) =>
        Assert.Equal(
            effect, ModulePolicy.Parse("forbid unsigned", fileTexts: _ => new("nvidia", signer)).Ask(Nvidia).Effect);

    [Fact]
    public void A_file_under_another_name_is_the_module_in_it()
    {
        var policy = ModulePolicy.Parse("forbid evil", fileTexts: _ => new("evil", null));
        var question = new PolicyQuestion("good", null, "/tmp/good.ko");
        Assert.Equal(PolicyEffect.Allow, policy.Ask(question).Effect);
        Assert.Equal(PolicyEffect.Forbid, policy.Ask(question with { IsOwnFile = true }).Effect);
    }

    [Theory]
    [InlineData("forbid", NeedsPattern)]
    [InlineData("forbid because x", NeedsPattern)]
    [InlineData("forbid when booted", NeedsPattern)]
    [InlineData("forbid a when boot", "1: a scope is 'when booted', before 'because'")]
    [InlineData("forbid path:a path:b", "1: 'path:b'" + OneOfAKind)]
    [InlineData("forbid client:uid:1 client:uid:2", "1: 'client:uid:2'" + OneOfAKind)]
    [InlineData("forbid # a", NeedsPattern)]
    [InlineData("forbid a\0b", "1: a NUL byte")]
    [InlineData("forbid \"\"", "1: '' has no pattern")]
    [InlineData("forbid path:", "1: 'path:' has no pattern")]
    [InlineData("allow a signer:", "1: 'signer:' has no pattern")]
    [InlineData("allow \"a b", "1: a quotation has no end")]
    [InlineData("forbid unsigned unsigned", "1: 'unsigned'" + OneOfAKind)]
    [InlineData("forbid unsigned signer:a*", "1: an unsigned module has no signer")]
    [InlineData("allow [a", "1: '[a' has an unmatched bracket")]
    [InlineData("allow client:uid:root", "1: 'client:uid:root' has no user number")]
    [InlineData("allow client:x", "1: 'client:x' is neither client:uid:NUMBER nor client:cgroup:PATTERN")]
    [InlineData("prefer a over a", "1: 'a' cannot be preferred over itself")]
    [InlineData("prefer a over b\nprefer b over a", "2: lines before prefer 'a' over 'b'; this one does not count")]
    [InlineData("prefer a over b\nprefer b over c\nprefer c over a",
        "3: lines before prefer 'a' over 'c'; this one does not count")]
    [InlineData("prefer a to b", "1: a line 'prefer' is 'prefer MODULE over MODULE'")]
    [InlineData("mode strict", "1: a line 'mode' is 'mode warn-only'")]
    [InlineData("\nhide a", "2: 'hide' is not a word of the policy: forbid, allow, warn, default, prefer, mode")]
    public void A_bad_line_is_named_and_the_others_count(string text, string problem)
    {
        var policy = ModulePolicy.Parse(text + "\nforbid nvidia");
        Assert.Equal([$"policy.conf:{problem}"], policy.Problems.Select(one => one.ToString()));
        Assert.Equal(PolicyEffect.Forbid, policy.Ask(Nvidia).Effect);
        Assert.Equal(PolicyEffect.Allow, policy.Ask(new("other", null, "")).Effect);
    }

    [Theory]
    [InlineData("default")]
    [InlineData("default forbit")]
    [InlineData("default \"allow")]
    [InlineData("default forbid all")]
    [InlineData("Default forbid")]
    [InlineData("DEFAULT allow")]
    [InlineData("default allow\0")]
    public void A_default_that_cannot_be_read_forbids(string text)
    {
        var policy = ModulePolicy.Parse($"{text}\nallow b");
        Assert.Single(policy.Problems);
        Assert.Equal(PolicyEffect.Forbid, policy.Ask(new("a", null, "")).Effect);
        Assert.Equal(PolicyEffect.Allow, policy.Ask(new("b", null, "")).Effect);
    }

    [Fact]
    public void A_path_is_that_of_the_system_in_the_root()
    {
        var root = Directory.CreateTempSubdirectory("drover-policy-").FullName;
        Directory.CreateDirectory($"{root}/etc/drover/policy.d");
        File.WriteAllText($"{root}/etc/drover/policy.d/a.conf", "forbid path:/lib/modules/*/updates/*");
        var policy = ModulePolicy.Load(new PolicySources { Root = root })!;
        Assert.Equal(
            [PolicyEffect.Forbid, PolicyEffect.Forbid, PolicyEffect.Allow],
            ((string[])[$"{root}{Path}", Path, $"{root}-2{Path}"])
                .Select(path => policy.Ask(new("nvidia", null, path)).Effect));
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_byte_order_mark_and_an_empty_reason_are_no_part_of_a_line()
    {
        var policy = ModulePolicy.Parse("\ufeffdefault forbid\nforbid a because ");
        Assert.Empty(policy.Problems);
        Assert.Equal(PolicyEffect.Forbid, policy.Ask(new("b", null, "")).Effect);
        Assert.Equal("policy.conf:2: forbid a", $"{policy.Lines[1]}");
    }

    [Fact]
    public void A_link_to_a_file_is_that_file()
    {
        var root = Directory.CreateTempSubdirectory("drover-policy-").FullName;
        Directory.CreateDirectory($"{root}/etc/drover/policy.d");
        File.WriteAllText(
            $"{root}/etc/drover/policy.d/a.conf", "default forbid\nallow path:/link/*\nforbid path:/real/*");
        var policy = ModulePolicy.Load(new PolicySources
        {
            Root = root,
            RealPathOf = path => path.Replace("/link/", "/real/", StringComparison.Ordinal),
        })!;
        var question = new PolicyQuestion("a", null, "/link/a.ko");
        Assert.Equal(PolicyEffect.Allow, policy.Ask(question).Effect); // a path of the index is that path
        Assert.Equal("forbid path:/real/*", policy.Ask(question with { IsOwnFile = true }).Line?.Text);
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public void A_reason_may_have_a_hash() => Assert.Equal(
        "bug #7", ModulePolicy.Parse("forbid a because bug #7 # still").Lines[0].Because?.Split(" # ")[0]);

    [Fact]
    public void Refusals_name_the_line()
    {
        var policy = ModulePolicy.Parse("forbid a because CVE-2026-31431\nforbid b*\ndefault forbid\n", "/p/x.conf");
        Assert.Equal(
            [
                "policy forbids it (/p/x.conf:1: because CVE-2026-31431)", "policy forbids it (/p/x.conf:2: forbid b*)",
                "no line of the policy allows it (/p/x.conf:3: default forbid)",
            ],
            ((string[])["a", "bb", "c"]).Select(name => policy.Ask(new(name, null, "")).Refusal("it")));
    }

    [Fact]
    public void Files_are_those_of_modprobe_d_by_base_name()
    {
        var root = Directory.CreateTempSubdirectory("drover-policy-").FullName;
        Assert.Null(Load());
        Write("usr/lib/drover/policy.d/10-vendor.conf", "forbid a");
        Write("usr/lib/drover/policy.d/20-other.conf", "forbid b");
        Write("run/drover/policy.d/20-other.conf", "forbid c");
        Write("etc/drover/policy.d/10-vendor.conf", "forbid d");
        Write("etc/drover/policy.d/30-own.conf", "nonsense");
        Write("etc/drover/policy.d/40-not.txt", "forbid e");
        var policy = Load()!;
        Assert.Equal(["forbid d", "forbid c"], policy.Lines.Select(line => line.Text));
        Assert.Equal($"{root}/etc/drover/policy.d/30-own.conf", policy.Problems.Single().Source.File);
        Assert.Null(Load("quiet drover.policy=off"));
        Assert.True(Load("drover.policy=off drover.policy=warn")!.IsWarnOnly);
        Assert.False(Load("drover.policy=strict")!.IsWarnOnly);
        Write("sealed", "");
        Assert.True(Load(seal: $"{root}/sealed")!.IsSealed);
        Directory.Delete(root, recursive: true);

        void Write(string path, string text)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName($"{root}/{path}")!);
            File.WriteAllText($"{root}/{path}", text);
        }

        ModulePolicy? Load(string? commandLine = null, string? seal = null) =>
            ModulePolicy.Load(new PolicySources { Root = root, CommandLine = () => commandLine, SealFile = seal });
    }

    [Fact]
    public void Ask_agrees_with_a_look_at_every_line() =>
        Gen.Select(s_line.Array[0, 12], s_question, Gen.Bool).Sample((lines, question, isSealed) =>
        {
            var policy = ModulePolicy.Parse(string.Join('\n', lines), isSealed: isSealed, fileTexts: TextOf);
            var answer = policy.Ask(question);
            return (answer.Effect, answer.Line?.Source.Line ?? 0) == Expected(policy.Lines, question, isSealed);
        }, iter: 20_000);

    [Fact]
    public void GlobTable_finds_what_Fnmatch_matches() =>
        Gen.Select(s_name.Array[0, 20], s_text).Sample((patterns, text) =>
        {
            var table = new GlobTable<int>();
            for (var i = 0; i < patterns.Length; i++)
                table.Add(patterns[i], i);
            var found = new List<int>();
            table.Find(text, found);
            return found.Order().SequenceEqual(
                Enumerable.Range(0, patterns.Length).Where(i => Fnmatch.Matches(patterns[i], text)));
        }, iter: 20_000);

    static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    static readonly Gen<string> s_text = Gen.Char["aab"].Array[0, 4].Select(chars => new string(chars));

    static readonly Gen<string> s_name = Gen.OneOf(
        s_text.Where(text => text.Length > 0), Gen.Char["aab*?"].Array[1, 4].Select(chars => new string(chars)));

    static readonly Gen<string> s_condition = Gen.OneOf(
        s_name, s_name.Select(name => $"path:/{name}"), Gen.Const("unsigned"), s_name.Select(name => $"signer:{name}"),
        Gen.Const("client:uid:1"), s_name.Select(name => $"client:cgroup:/{name}"));

    static readonly Gen<string> s_line = Gen.OneOf(
        Gen.Select(
            OneOf("forbid", "allow", "warn"), s_condition.Array[1, 3], OneOf("", " when booted"),
            (word, conditions, scope) => $"{word} {string.Join(' ', conditions)}{scope}"),
        OneOf(
            "default forbid", "default allow", "default forbid when booted", "default allow when booted", "# forbid a",
            "forbid"));

    static readonly Gen<PolicyQuestion> s_question = Gen.Select(
        s_text, s_text, s_text, Gen.Int[0, 2],
        (module, asked, path, user) => new PolicyQuestion(
            module, asked.Length == 0 ? null : asked, path.Length == 0 ? "" : $"/{path}",
            user == 0 ? null : new PolicyClient((uint)user, () => $"/{asked}")));

    static ModuleFileText TextOf(string path) => new(null, path.Length % 2 == 0 ? null : path[1..]);

    /// <summary>The rules of docs/policy.md, read line by line.</summary>
    static (PolicyEffect Effect, int Line) Expected(
        IReadOnlyList<PolicyLine> lines, PolicyQuestion question, bool isSealed)
    {
        var counting = lines.Where(line =>
            isSealed ? line.WhenBooted || line.Effect is PolicyEffect.Forbid : !line.WhenBooted).ToArray();
        var strongest = counting.Where(line => !line.IsDefault && Applies(line)).MaxBy(line => line.Effect);
        if (strongest is not null)
            return (strongest.Effect, strongest.Source.Line);
        var fallback = counting.Where(line => line.IsDefault).MaxBy(line => line.Effect);
        return fallback is not null ? (fallback.Effect, fallback.Source.Line)
            : (isSealed ? PolicyEffect.Forbid : PolicyEffect.Allow, 0);

        bool Applies(PolicyLine line)
        {
            var signer = question.Path.Length > 0 ? TextOf(question.Path).Signer : null;
            return (line.Name is null || Fnmatch.Matches(line.Name, question.Module)
                    || (question.Asked is not null && Fnmatch.Matches(line.Name, question.Asked)))
                && (line.Path is null || Fnmatch.Matches(line.Path, question.Path))
                && (!line.IsUnsigned || (question.Path.Length > 0 && signer is null))
                && (line.Signer is null || (signer is not null && Fnmatch.Matches(line.Signer, signer)))
                && (line.UserId is null || line.UserId == question.Client?.UserId)
                && (line.Cgroup is null
                    || (question.Client is not null && Fnmatch.Matches(line.Cgroup, question.Client.Cgroup()!)));
        }
    }

    static PolicyQuestion Nvidia => new(
        "nvidia", "pci:v000010DEd00002204sv*", Path,
        new PolicyClient(1000, () => "/system.slice/docker-0123.scope"));
}
