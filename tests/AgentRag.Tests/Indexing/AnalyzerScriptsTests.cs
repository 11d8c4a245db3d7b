using AgentRag.Indexing;
using Xunit;

namespace AgentRag.Tests.Indexing;

/// <summary>The terms of scripts other than Latin; characters that are hard to see are written as escapes.</summary>
public sealed class AnalyzerScriptsTests
{
    private static readonly Analyzer English = new(AnalyzerOptions.English);

    [Theory]
    [InlineData("北京大学", "北京 京大 大学")]
    [InlineData("茶", "茶")]
    [InlineData("茶，水。", "茶 水")]
    [InlineData("春天来了。花开了。", "春天 天来 来了 花开 开了")]
    [InlineData("二〇二四年", "二〇 〇二 二四 四年")]
    [InlineData("𠮷野家", "𠮷野 野家")] // the first is a code point of two characters
    [InlineData("葛\U000E0100城", "葛城")] // a variation selector chooses a shape, not a letter
    public void Chinese_terms_are_overlapping_pairs_within_a_run(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Theory]
    [InlineData("多くの学生が試験に落ちた。", "多く くの の学 学生 生が が試 試験 験に に落 落ち ちた")] // the example of Lucene's CJKBigramFilter
    [InlineData("ラーメン", "ラー ーメ メン")]
    [InlineData("ジョン・スミス", "ジョ ョン スミ ミス")]
    [InlineData("人々と佐々木", "人々 々と と佐 佐々 々木")]
    [InlineData("ｶﾞｲﾄﾞﾊﾟｰﾄ", "ガイ イド ドパ パー ート")]
    [InlineData("か\u3099く カ\u3099ク う\u3099", "がく ガク ゔ")] // the voiced sound mark as a code point of its own
    public void Japanese_terms_are_pairs_across_the_three_scripts(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Theory]
    [InlineData("서울은 수도이다", "서울 울은 수도 도이 이다")]
    [InlineData("\u1109\u1165\u110B\u116E\u11AF", "서울")] // spelt out: s-eo, ng-u-l
    [InlineData("韓國은", "韓國 國은")]
    public void Korean_terms_are_pairs_within_a_word(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Theory]
    [InlineData("Windows 11の設定", "window 11 の設 設定")]
    [InlineData("iPhone15を", "iphone15 を")]
    [InlineData("1898年3月に", "1898 年 3 月に")]
    [InlineData("ＡＢＣ　１２３", "abc 123")]
    [InlineData("Ｔｈｅ　Ｄｏｇｓ", "dog")]
    [InlineData("the東京", "東京")]
    public void Words_and_pairs_stand_side_by_side(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Theory]
    [InlineData("ประเทศไทย", "ประ ระเท เทศ ศไท ไทย")] // ป ระ เท ศ ไท ย
    [InlineData("ນ້ຳລາວ", "ນ້ຳລາ ລາວ")] // ນ້ຳ ລາ ວ
    [InlineData("ខ្មែរ", "ខ្មែរ")] // ខ្មែ រ: the second consonant stands below the first
    [InlineData("မြန်မာ", "မြန် န်မာ")] // မြ န် မာ
    [InlineData("ไทย\u200Bลาว ๒๕๖๗", "ไทย ลาว 2567")] // ไท ย, a zero width space, ลา ว
    public void South_East_Asian_terms_are_pairs_of_letters_with_their_vowels_and_marks(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Theory]
    [InlineData("الكِتَابُ أحمــد مدرسة ٢٠٢٤", "الكتاب احمد مدرسه 2024")]
    [InlineData("می\u200Cخواهم", "ميخواهم")] // a joiner of zero width within the Persian word
    [InlineData("שָׁלוֹם צה״ל", "שלום צהל")]
    [InlineData("Ёлка МОСКВЫ мои\u0306", "елка москвы мой")]
    [InlineData("ΟΔΟΣ οδός Ελλάδα", "οδοσ οδοσ ελλαδα")]
    [InlineData("हिन्दी भाषा", "हिन्दी भाषा")]
    [InlineData("ﬁnal e\u00ADmail", "final email")]
    public void Other_words_are_letters_with_marks_folded(string text, string terms) => Assert.Equal(terms, Terms(text));

    [Fact]
    public void Plain_terms_keep_widths_and_marks() =>
        Assert.Equal(["ａｂｃ", "ｶﾞｲ", "ёлка"], new Analyzer(AnalyzerOptions.Plain).Terms("ＡＢＣ ｶﾞｲ Ёлка"));

    [Fact]
    public void A_run_of_n_characters_has_one_term_less_and_every_character_in_two()
    {
        var random = new Random(11);
        for (var length = 2; length < 200; length++)
        {
            var text = string.Concat(Enumerable.Range(0, length).Select(_ => (char)random.Next('一', '龥')));
            Assert.Equal(Enumerable.Range(0, length - 1).Select(i => text.Substring(i, 2)), English.Terms(text));
        }
    }

    [Fact]
    public void Any_code_points_have_short_terms_without_white_space()
    {
        var random = new Random(7);
        int[] blocks = [0x0E00, 0x0E80, 0x1000, 0x1100, 0x1780, 0x0600, 0x0590, 0x3000, 0x4E00, 0xAC00, 0xFE00, 0xFF00, 0x0300, 0x200B];
        for (var run = 0; run < 2000; run++)
        {
            var block = blocks[random.Next(blocks.Length)];
            var text = string.Concat(Enumerable.Range(0, random.Next(600)).Select(_ => (char)(block + random.Next(0x100))));
            foreach (var options in (AnalyzerOptions[])[AnalyzerOptions.English, AnalyzerOptions.Plain])
            {
                Assert.All(new Analyzer(options).Terms(text), term => Assert.True(term.Length is > 0 and < 260 && !term.Any(char.IsWhiteSpace)));
            }
        }
    }

    [Fact]
    public void Marks_without_end_make_no_long_term() =>
        Assert.All(English.Terms("ก" + new string('\u0E49', 5000) + "ข"), term => Assert.InRange(term.Length, 1, 34));

    private static string Terms(string text) => string.Join(' ', English.Terms(text));
}
