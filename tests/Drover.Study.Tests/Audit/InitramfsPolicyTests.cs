using Drover.Study.Audit;

namespace Drover.Study.Tests.Audit;

public sealed class InitramfsPolicyTests
{
    [Theory]
    [InlineData("boot/initrd.img-6.1", -1, true)]
    [InlineData("boot/initramfs-6.1.img", -1, true)]
    [InlineData("boot/initrd.img-6.1", 1, false)]
    [InlineData("boot/initrd.img-6.12", -1, false)]
    public void An_image_older_than_the_policy_is_named(string image, int hours, bool isNamed)
    {
        var root = Directory.CreateTempSubdirectory("drover-image-").FullName;
        Assert.Null(InitramfsPolicy.IsOld(root, "6.1"));
        var policy = Directory.CreateDirectory($"{root}/etc/drover/policy.d").FullName + "/x.conf";
        File.WriteAllText(policy, "");
        Directory.CreateDirectory($"{root}/boot");
        File.WriteAllText($"{root}/{image}", "");
        File.SetLastWriteTimeUtc($"{root}/{image}", File.GetLastWriteTimeUtc(policy).AddHours(hours));
        Directory.SetLastWriteTimeUtc($"{root}/etc/drover/policy.d", File.GetLastWriteTimeUtc(policy).AddHours(-2));
        var sentence = InitramfsPolicy.IsOld(root, "6.1");
        Assert.Equal(isNamed, sentence is not null);
        if (isNamed)
            Assert.Contains($"{root}/{image} is older than {policy}", sentence, StringComparison.Ordinal);
        Directory.Delete(root, recursive: true);
    }
}
