using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Text;
using System.Text.Json;
using Drover.Kmod;
using Drover.Modules.Config;
using Drover.Modules.Tests;
using Drover.Modules.Tests.Image;

namespace Drover.Tests.Kmod;

/// <summary>modinfo compared with that of kmod, on generated modules and on Debian's.</summary>
public sealed class ModinfoTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("drover-modinfo").FullName;

    internal static readonly (string Name, byte[] Contents)[] Modules =
    [
        ("normal", Module("name=normal\0license=GPL\0alias=a\0alias=b\0")),
        ("dash-name", Module("a=b\0")),
        ("multi.dot", Module("a=b\0")),
        ("empty", Module("")),
        ("zeros", Module("\0\0\0")),
        ("one-byte", Module("x")),
        ("gaps", Module("\0\0\0a=b\0\0\0\0c=d")),
        ("no-equals", Module("key\0a=\0=v\0==\0")),
        ("no-section", new ElfWriter(true, false).Add(".text", 0, [1, 2, 3]).ToBytes()),
        ("big-endian", Module("a=b\0", bigEndian: true)),
        ("narrow", Module("a=b\0", is64: false)),
        ("narrow-big", Module("a=b\0", is64: false, bigEndian: true)),
        ("parameters",
            Module("parm=a:about a\0parmtype=a:int\0parmtype=b:bool\0parm=c:only\0parm=nocolon\0parmtype=:x\0" +
                "parm=a:again\0parm=ab:x:y\0author=x\0")),
        ("odd", Module(
            "author=J\u00f6rg\0what=\u00ff\u00fe\0averyveryverylongkey=x\0fifteencharkeyx=y\0sixteencharkeyxx=z\0" +
            "lines=a\nb\tc\u001b\0")),
        ("text", "hello, this is no module\n"u8.ToArray()),
        ("nothing", []),
        ("short", [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]),
        ("cut", Module("name=cut\0license=GPL\0")[..^70]),
        ("pgp", Signed(1, 4, 0, "SSSSS", [1, 2, 3], new byte[41])),
        ("x509", Signed(0, 8, 1, "", [], [7])),
        ("bad-hash", Signed(0, 9, 1, "", [], [7])),
        ("junk-pkcs7", Signed(0, 0, 2, "", [], "junk"u8.ToArray())),
    ];

    public ModinfoTests()
    {
        foreach (var (name, contents) in Modules)
            File.WriteAllBytes($"{_directory}/{name}.ko", contents);
        File.WriteAllBytes($"{_directory}/no-extension", Modules[0].Contents);
        Directory.CreateDirectory($"{_directory}/directory.ko");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("-0")]
    [InlineData("-a")]
    [InlineData("-d")]
    [InlineData("-l")]
    [InlineData("-p")]
    [InlineData("-n")]
    [InlineData("-0 -p")]
    [InlineData("-F alias")]
    [InlineData("--field=parmtype")]
    [InlineData("-F nothing")]
    [InlineData("-F sig_id")]
    public async Task Modinfo_output_equals_that_of_kmod(string options)
    {
        string[] args = [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            .. Modules.Select(module => $"{_directory}/{module.Name}.ko")];
        Assert.Equal(await KmodOracle.RunAsync("modinfo", args), KmodOracle.Ours(new ModinfoTool(), args));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("--nonsense")]
    [InlineData("--a nothing")]
    [InlineData("-F")]
    [InlineData("--null=x")]
    [InlineData("nonsense")]
    [InlineData("-m nonsense")]
    [InlineData("a]b")]
    [InlineData("-m a]b")]
    [InlineData("-b /nowhere nonsense")]
    [InlineData("-- -h")]
    [InlineData("D/missing.ko")]
    [InlineData("D/directory.ko")]
    [InlineData("D/no-extension")]
    [InlineData("D/normal.ko nonsense D/gaps.ko")]
    [InlineData("D/../nowhere/../normal.ko")]
    public async Task Command_line_output_equals_that_of_kmod(string line)
    {
        var args = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(word => word.Replace("D/", _directory + "/", StringComparison.Ordinal)).ToArray();
        Assert.Equal(await KmodOracle.RunAsync("modinfo", args), KmodOracle.Ours(new ModinfoTool(), args));
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("zst")]
    public async Task Modinfo_output_of_compressed_modules_equals_that_of_kmod(string kind)
    {
        var tool = kind == "xz" ? "xz" : "zstd";
        var run = Shell(
            $"{tool} -qk {_directory}/parameters.ko && head -c 60 {_directory}/parameters.ko.{kind} " +
            $">{_directory}/cut.ko.{kind}");
        Assert.SkipUnless(run == 0, $"{tool} is not installed");
        string[] args = [$"{_directory}/parameters.ko.{kind}", $"{_directory}/cut.ko.{kind}"];
        var kmods = await KmodOracle.RunAsync("modinfo", args);
        // the decompressor's own message (docs/kmod.md)
        var lines = kmods.Error.Split('\n').Where(line => !line.StartsWith("libkmod: ", StringComparison.Ordinal));
        Assert.Equal(kmods with { Error = string.Join('\n', lines) }, KmodOracle.Ours(new ModinfoTool(), args));
    }

    [Theory]
    [InlineData("rsa:2048", "/O=Org/CN=First/CN=Second", "sha256", "")]
    [InlineData("rsa:2048", "/O=Org/OU=unit/emailAddress=a@b", "sha512", "-set_serial 0")]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256", "/CN=Negative", "sha1", "-set_serial -500")]
    public async Task Modinfo_output_of_signatures_equals_that_of_kmod(
        string key, string subject, string hash, string more)
    {
        var made = Shell(
            $"cd {_directory} && openssl req -new -x509 -newkey {key} -nodes -keyout k.pem -out c.pem -subj " +
            $"'{subject}' -days 2 {more} 2>/dev/null && " +
            $"openssl cms -sign -binary -noattr -nocerts -outform DER -md {hash} -signer c.pem -inkey k.pem -in " +
            $"normal.ko -out s.p7 2>/dev/null");
        Assert.SkipUnless(made == 0, "openssl cannot sign: apt-get install openssl");
        var path = $"{_directory}/signed.ko";
        File.WriteAllBytes(path, Signed(0, 0, 2, "", [], File.ReadAllBytes($"{_directory}/s.p7")));
        Assert.Equal(await KmodOracle.RunAsync("modinfo", [path]), KmodOracle.Ours(new ModinfoTool(), path));
    }

    /// <summary>kmod 30 shows no signature with these; 34.2 names them so.</summary>
    [Theory]
    [InlineData("2.16.840.1.101.3.4.2.8", "sha3-256")]
    [InlineData("2.16.840.1.101.3.4.2.9", "sha3-384")]
    [InlineData("2.16.840.1.101.3.4.2.10", "sha3-512")]
    [InlineData("2.16.840.1.101.3.4.2.6", "sha512-256")]
    [InlineData("2.16.840.1.101.3.4.2.12", "shake256")]
    [InlineData("2.16.840.1.101.3.4.2.3", "sha512")]
    [InlineData("1.2.643.7.1.1.2.2", "1.2.643.7.1.1.2.2")]
    [InlineData("1.3.6.1.4.1.99999.123456789012", "1.3.6.1.4.1.99999.123456789012")]
    public void A_signature_of_any_hash_is_shown(string digest, string shown)
    {
        foreach (var hasAttributes in (bool[])[false, true])
        {
            var path = $"{_directory}/cms.ko";
            // id-ml-dsa-65
            File.WriteAllBytes(
                path, Signed(0, 0, 2, "", [], Cms(digest, "2.16.840.1.101.3.4.3.18", hasAttributes)));
            var lines = KmodOracle.Ours(new ModinfoTool(), path).Out.Split('\n').SkipWhile(
                line => !line.StartsWith("sig_id", StringComparison.Ordinal));
            Assert.Equal(
                [
                    "sig_id:         PKCS#7", "signer:         A signer", "sig_key:        12:34",
                    $"sig_hashalgo:   {shown}", "signature:      07:08:09", "",
                ],
                lines);
        }
    }

    /// <summary>What <c>sign-file -k</c> of the kernel makes; kmod shows no signature.</summary>
    [Fact]
    public void A_signature_with_a_key_identifier_is_one_without_a_name()
    {
        var path = $"{_directory}/keyid.ko";
        var message = Cms("2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.1", hasAttributes: false, keyId: [0xAB, 0xCD]);
        File.WriteAllBytes(path, Signed(0, 0, 2, "", [], message));
        var lines = KmodOracle.Ours(new ModinfoTool(), path).Out.Split('\n').SkipWhile(
            line => !line.StartsWith("sig_id", StringComparison.Ordinal));
        Assert.Equal(
            [
                "sig_id:         PKCS#7", "signer:         ", "sig_key:        AB:CD", "sig_hashalgo:   sha256",
                "signature:      07:08:09", "",
            ],
            lines);
        var policy = ModulePolicy.Parse("forbid unsigned\nwarn signer:*");
        Assert.Equal(PolicyEffect.Warn, policy.Ask(new PolicyQuestion("keyid", null, path)).Effect);
    }

    /// <summary>A message with one signer (RFC 5652).</summary>
    static byte[] Cms(string digest, string algorithm, bool hasAttributes, byte[]? keyId = null)
    {
        var der = new AsnWriter(AsnEncodingRules.DER);
        var tag0 = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        using (der.PushSequence())
        {
            der.WriteObjectIdentifier("1.2.840.113549.1.7.2");
            using (der.PushSequence(tag0))
            using (der.PushSequence())
            {
                der.WriteInteger(1);
                using (der.PushSetOf())
                    Algorithm(digest);
                using (der.PushSequence())
                    der.WriteObjectIdentifier("1.2.840.113549.1.7.1");
                using (der.PushSetOf())
                using (der.PushSequence())
                {
                    der.WriteInteger(1);
                    if (keyId is null)
                        IssuerAndSerial();
                    else
                        der.WriteOctetString(keyId, new Asn1Tag(TagClass.ContextSpecific, 0));
                    Algorithm(digest);
                    if (hasAttributes)
                    {
                        using (der.PushSetOf(tag0))
                        using (der.PushSequence())
                        {
                            der.WriteObjectIdentifier("1.2.840.113549.1.9.4");
                            using (der.PushSetOf())
                                der.WriteOctetString(new byte[32]);
                        }
                    }
                    Algorithm(algorithm);
                    der.WriteOctetString([7, 8, 9]);
                }
            }
        }
        return der.Encode();

        void IssuerAndSerial()
        {
            using (der.PushSequence())
            {
                using (der.PushSequence())
                using (der.PushSetOf())
                using (der.PushSequence())
                {
                    der.WriteObjectIdentifier("2.5.4.3");
                    der.WriteCharacterString(UniversalTagNumber.UTF8String, "A signer");
                }
                der.WriteInteger(0x1234);
            }
        }

        void Algorithm(string identifier)
        {
            using (der.PushSequence())
                der.WriteObjectIdentifier(identifier);
        }
    }

    [Theory]
    [InlineData("6.1", "*.ko", 1)]
    [InlineData("6.12", "*.ko.xz", 25)]
    public async Task Modinfo_output_of_Debian_modules_equals_that_of_kmod(string kernel, string pattern, int oneOf)
    {
        var (root, _) = KernelTrees.Indexed(kernel);
        var modules = Directory.GetFiles(root, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where((_, i) => i % oneOf == 0).ToArray();
        Assert.NotEmpty(modules);
        foreach (var args in modules.Chunk(1000))
        {
            Assert.True(await KmodOracle.RunAsync("modinfo", args) == KmodOracle.Ours(new ModinfoTool(), args),
                $"modinfo differs between {args[0]} and {args[^1]}");
        }
    }

    [Fact]
    public void Json_has_fields_parameters_and_non_UTF8_bytes()
    {
        var run = KmodOracle.Ours(new ModinfoTool(), "--json", $"{_directory}/parameters.ko", $"{_directory}/odd.ko");
        using var json = JsonDocument.Parse(run.Out);
        var parameter = json.RootElement[0].GetProperty("parameters")[0];
        Assert.Equal(("a", "again", "int"), (parameter.GetProperty("name").GetString(),
            parameter.GetProperty("description").GetString(), parameter.GetProperty("type").GetString()));
        Assert.Equal("Jörg", json.RootElement[1].GetProperty("fields").GetProperty("author")[0].GetString());
        Assert.Equal($"{_directory}/odd.ko", json.RootElement[1].GetProperty("filename").GetString());
    }

    [Fact]
    public void Damaged_modules_give_at_worst_an_error_message()
    {
        var random = new Random(1);
        var path = $"{_directory}/damaged.ko";
        for (var i = 0; i < 3000; i++)
        {
            var bytes = (byte[])Modules[random.Next(Modules.Length)].Contents.Clone();
            for (var damage = random.Next(1, 6); damage > 0 && bytes.Length > 0; damage--)
            {
                bytes[random.Next(random.Next(2) == 0 ? Math.Min(64, bytes.Length) : bytes.Length)] = (
                    byte)random.Next(256);
            }

            File.WriteAllBytes(path, bytes);
            var run = KmodOracle.Ours(new ModinfoTool(), path);
            Assert.InRange(run.Exit, 0, 1);
            Assert.StartsWith("filename:", run.Out, StringComparison.Ordinal);
        }
    }

    static byte[] Module(string info, bool is64 = true, bool bigEndian = false) =>
        new ElfWriter(is64, bigEndian).Add(".modinfo", 2, Encoding.Latin1.GetBytes(info)).ToBytes();

    /// <summary>A module with the kernel's <c>struct module_signature</c> as trailer.</summary>
    static byte[] Signed(byte algorithm, byte hash, byte idType, string signer, byte[] keyId, byte[] signature)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, signature.Length);
        return [.. Module("license=GPL\0"), .. Encoding.Latin1.GetBytes(signer), .. keyId, .. signature, algorithm,
            hash, idType, (byte)signer.Length, (byte)keyId.Length, 0, 0, 0, .. size,
            .. "~Module signature appended~\n"u8];
    }

    static int Shell(string command)
    {
        using var shell = System.Diagnostics.Process.Start("sh", ["-c", command]);
        shell.WaitForExit();
        return shell.ExitCode;
    }
}
