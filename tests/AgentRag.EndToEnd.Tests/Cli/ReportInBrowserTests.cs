using System.Text.Json;
using Xunit;

namespace AgentRag.EndToEnd.Tests.Cli;

/// <summary>The report's page as a browser shows it: that its policy lets its own style and script run, and that people can use it.</summary>
public sealed class ReportInBrowserTests
{
    private const int Tab = 9;
    private const int Enter = 13;
    private const int ArrowRight = 39;

    // Contrast as WCAG 2.2 defines it, of every piece of text that is shown against the nearest background behind it.
    private const string UnreadableTexts =
        """
        (() => {
          document.querySelectorAll('details').forEach(d => d.open = true);
          const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
          const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
          const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => { const v = c[i] / 255; return sum + weight * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
          const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) { return c; } } return [255, 255, 255, 255]; };
          const bad = [];
          let seen = 0;
          for (const e of document.body.querySelectorAll('*')) {
            if (['SCRIPT', 'STYLE', 'title', 'desc', 'OPTION'].includes(e.tagName) || !e.getClientRects().length) { continue; }
            if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) { continue; }
            const style = getComputedStyle(e), front = rgba(e instanceof SVGElement ? style.fill : style.color);
            const [high, low] = [light(front), light(behind(e))].sort((a, b) => b - a), ratio = (high + 0.05) / (low + 0.05);
            seen++;
            if (ratio < 4.5) { bad.push(`${e.tagName}.${e.getAttribute('class')} ${ratio.toFixed(2)} ${e.textContent.trim().slice(0, 30)}`); }
          }
          return seen > 200 ? bad : [`only ${seen} texts`];
        })()
        """;

    [Fact]
    public async Task The_page_runs_its_own_script_alone_is_used_by_keyboard_and_is_readable_in_light_and_dark_and_on_a_narrow_screen()
    {
        Assert.SkipWhen(Browser.Program is null, "Needs Chromium.");
        var stop = TestContext.Current.CancellationToken;
        using var agentrag = await Town.IndexedAsync();
        await agentrag.RunAsync("evaluate", "--questions", "questions.jsonl", "--strategy", "rag,drag,iterdrag", "--k", "1,3,5", "--m", "0,1", "--n", "2", "--baselines", "all", "--run", "run");
        Assert.Equal(0, (await agentrag.RunAsync("report", "run", "--output", "report.html")).ExitCode);

        await using var browser = await Browser.OpenAsync(Path.Combine(agentrag.Folder, "report.html"), stop);

        // The style sheet is in force (one chart of three is shown), and so is the script (the filter is there and has counted).
        Assert.Equal("[\"none\",\"block\",\"none\"]", (await browser.EvaluateAsync("[...document.querySelectorAll('.tabs figure')].map(f => getComputedStyle(f).display)", stop)).GetRawText());
        Assert.Equal("2 of 2 questions", await TextAsync("document.querySelector('.filter:not([hidden]) output').textContent"));

        await browser.PressAsync("Tab", Tab, stop);
        Assert.Equal("skip", await TextAsync("document.activeElement.className"));
        await TabToAsync("input[type=radio]");
        await browser.PressAsync("ArrowRight", ArrowRight, stop);
        Assert.Equal("[\"none\",\"none\",\"block\"]", (await browser.EvaluateAsync("[...document.querySelectorAll('.tabs figure')].map(f => getComputedStyle(f).display)", stop)).GetRawText());
        await TabToAsync("input[type=search]");
        await browser.SendAsync("Input.insertText", new { text = "who " }, stop);
        Assert.Equal("1 of 2 questions", await TextAsync("document.querySelector('.filter output').textContent"));
        await browser.SendAsync("Input.insertText", new { text = "nobody asks this" }, stop);
        Assert.Equal("0 of 2 questions", await TextAsync("document.querySelector('.filter output').textContent"));
        await browser.EvaluateAsync("(f => { f.value = ''; f.dispatchEvent(new Event('input')); })(document.querySelector('.filter input'))", stop);
        await TabToAsync(".question > summary");
        await browser.PressAsync("Enter", Enter, stop);
        Assert.Equal("1", await TextAsync("'' + document.querySelectorAll('.question[open]').length"));

        // A passage's number leads to its text, through the closed parts around it.
        await TabToAsync(".way:has(a) > summary");
        await browser.PressAsync("Enter", Enter, stop);
        await TabToAsync(".way a");
        await browser.PressAsync("Enter", Enter, stop);
        Assert.Equal("DT", await TextAsync("new Promise(done => setTimeout(() => done(document.activeElement.tagName), 50))"));
        Assert.Equal("true", await TextAsync("'' + document.activeElement.closest('details.passages').open"));

        foreach (var scheme in (string[])["light", "dark"])
        {
            await browser.SendAsync("Emulation.setEmulatedMedia", new { features = new[] { new { name = "prefers-color-scheme", value = scheme } } }, stop);
            Assert.Equal(scheme == "dark" ? "rgb(21, 23, 26)" : "rgb(253, 253, 252)", await TextAsync("getComputedStyle(document.body).backgroundColor"));
            Assert.Equal("[]", (await browser.EvaluateAsync(UnreadableTexts, stop)).GetRawText());
        }

        await browser.SendAsync("Emulation.setDeviceMetricsOverride", new { width = 390, height = 800, deviceScaleFactor = 1, mobile = false }, stop);
        Assert.Equal("390", await TextAsync("'' + innerWidth"));
        Assert.Equal("true", await TextAsync("'' + (document.documentElement.scrollWidth <= document.documentElement.clientWidth)"));
        Assert.Empty(browser.Complaints);
        Assert.All(browser.Requests, address => Assert.StartsWith("file:///", address, StringComparison.Ordinal));

        async Task<string?> TextAsync(string expression) => (await browser.EvaluateAsync(expression, stop)).GetString();

        async Task TabToAsync(string selector)
        {
            for (var presses = 0; presses < 60; presses++)
            {
                await browser.PressAsync("Tab", Tab, stop);
                if ((await browser.EvaluateAsync($"document.activeElement.matches({JsonSerializer.Serialize(selector)})", stop)).GetBoolean())
                {
                    return;
                }
            }

            Assert.Fail($"Sixty tabs do not reach {selector}.");
        }
    }
}
