using System.Security.Cryptography;
using System.Text;

namespace AgentRag.Evaluation.Reports;

/// <summary>The frame of a page that needs nothing but itself: style and script inside, and a policy that lets nothing else run or load.</summary>
internal static class HtmlPage
{
    private const string Style =
        """
        :root{color-scheme:light dark;--bg:#fdfdfc;--fg:#1c1e21;--soft:#5b616a;--line:#d9dce1;--panel:#f3f4f6;--accent:#0b57d0;--good:#136b34;--part:#8a5a00;--bad:#b3261e;
        --c0:#6b7280;--c1:#8a4b08;--c2:#0b6fb8;--c3:#a3007b;--c4:#c2410c;--c5:#15803d;--c6:#7c3aed;--c7:#0f766e;--c8:#9f1239;--c9:#4b5563;--heat:#0b6fb8}
        @media(prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e7e9ec;--soft:#a2a9b4;--line:#353a42;--panel:#1e2126;--accent:#8ab4f8;--good:#6fdd8b;--part:#f2c14e;--bad:#ff8a80;
        --c0:#a2a9b4;--c1:#e6a15c;--c2:#6cb6ff;--c3:#f092dd;--c4:#ff9e64;--c5:#6fdd8b;--c6:#b79cff;--c7:#4fd1c5;--c8:#ff8fa3;--c9:#c3c8d0;--heat:#4f9fe6}}
        *{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
        main,header,nav{max-width:72rem;margin:0 auto;padding:0 1.25rem}h1{font-size:1.7rem;margin:1.5rem 0 .25rem}h2{font-size:1.3rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line)}
        h3{font-size:1.05rem;margin:1.5rem 0 .5rem}a{color:var(--accent)}.skip{position:absolute;left:-100vw}.skip:focus{left:1rem;top:.5rem;background:var(--bg);padding:.5rem;z-index:2}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
        .scroll{overflow-x:auto}table{border-collapse:collapse;margin:.75rem 0;font-variant-numeric:tabular-nums}caption{text-align:left;color:var(--soft);padding:.25rem 0}
        th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}th[scope=row],td.text,th.text{text-align:left}td small,.soft{color:var(--soft)}
        thead th{border-bottom:2px solid var(--line);vertical-align:bottom}tr.block th,tr.block td{border-top:2px solid var(--line)}
        .note{background:var(--panel);border-left:4px solid var(--part);padding:.5rem .9rem;margin:1rem 0}.simulated{border-color:var(--bad)}
        svg{display:block;width:100%;max-width:760px;height:auto;background:var(--panel);border-radius:6px}figure{margin:1rem 0}figcaption{color:var(--soft);max-width:60rem}
        svg text{fill:var(--fg);font:13px system-ui,sans-serif}svg .tick{fill:var(--soft);font-size:12px}.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft)}
        .envelope{fill:none;stroke:var(--fg);stroke-width:1.5}.fit{stroke:var(--fg);stroke-width:1.5;stroke-dasharray:7 5;opacity:.7}.gold{stroke:var(--c5);stroke-width:1.5;stroke-dasharray:2 4}
        .whisker{stroke:var(--soft)}.mark{stroke:var(--bg);stroke-width:1}.mark.open{fill:none;stroke-width:2.5}
        .s0{fill:var(--c0)}.s1{fill:var(--c1)}.s2{fill:var(--c2)}.s3{fill:var(--c3)}.s4{fill:var(--c4)}.s5{fill:var(--c5)}.s6{fill:var(--c6)}
        .s0.open{stroke:var(--c0)}.s1.open{stroke:var(--c1)}.s7.open{stroke:var(--c7)}.s8.open{stroke:var(--c8)}.s9.open{stroke:var(--c9)}
        .legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;list-style:none}.legend svg{display:inline;width:18px;height:18px;vertical-align:-4px;background:none}
        .tabs{border:0;padding:0;margin:0}.tabs legend{color:var(--soft)}.tabs>label{margin-right:1rem}.tabs figure{display:none}.tabs input:nth-of-type(1):checked~figure:nth-of-type(1),
        .tabs input:nth-of-type(2):checked~figure:nth-of-type(2),.tabs input:nth-of-type(3):checked~figure:nth-of-type(3){display:block}
        .heat td{text-align:center}.h0{background:color-mix(in srgb,var(--heat) 0%,var(--bg))}.h1{background:color-mix(in srgb,var(--heat) 6%,var(--bg))}.h2{background:color-mix(in srgb,var(--heat) 12%,var(--bg))}
        .h3{background:color-mix(in srgb,var(--heat) 18%,var(--bg))}.h4{background:color-mix(in srgb,var(--heat) 24%,var(--bg))}.h5{background:color-mix(in srgb,var(--heat) 30%,var(--bg))}
        .h6{background:color-mix(in srgb,var(--heat) 35%,var(--bg))}.h7{background:color-mix(in srgb,var(--heat) 40%,var(--bg))}.h8{background:color-mix(in srgb,var(--heat) 45%,var(--bg))}
        .h9{background:color-mix(in srgb,var(--heat) 50%,var(--bg))}.h10{background:color-mix(in srgb,var(--heat) 55%,var(--bg));font-weight:700}
        .maps{display:flex;flex-wrap:wrap;align-items:flex-start;gap:0 2.5rem}details{margin:.35rem 0}summary{cursor:pointer;padding:.2rem 0}details.question{border:1px solid var(--line);border-radius:6px;padding:.25rem .75rem}
        details.way,details.passages{margin-left:1rem}.question ol,.question ul,.question p,.question dl{overflow-wrap:anywhere}.good{color:var(--good)}.part{color:var(--part)}.bad{color:var(--bad)}
        .good::before{content:"✓ "}.part::before{content:"◐ "}.bad::before{content:"✗ "}.answer{font-weight:600}.answer,.reply{background:var(--panel);padding:0 .25rem}.reply{white-space:pre-wrap}
        .outcomes{white-space:normal;color:var(--soft)}dt{font-weight:600;margin-top:.6rem}dd{margin:0 0 0 1.5rem;white-space:pre-wrap}code{background:var(--panel);padding:0 .25rem;overflow-wrap:anywhere}
        .filter{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin:.75rem 0}.filter input,.filter select{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--soft);border-radius:4px;padding:.2rem .4rem}
        [hidden]{display:none!important}@media print{details.question{break-inside:avoid}nav,.filter{display:none}}
        """;

    // Opens the passage that a link names, and filters the questions; without it the page says as much.
    private const string Script =
        """
        (function(){
        function open(){var t=document.getElementById(decodeURIComponent(location.hash.slice(1)));for(var e=t;e;e=e.parentElement){if(e.tagName==='DETAILS'){e.open=true}}if(t){t.scrollIntoView();t.focus({preventScroll:true})}}
        addEventListener('hashchange',open);if(location.hash){open()}
        document.querySelectorAll('.filter').forEach(function(f){
        f.hidden=false;var text=f.querySelector('input'),state=f.querySelector('select'),out=f.querySelector('output'),all=f.parentElement.querySelectorAll('details.question');
        function apply(){var n=0,w=text.value.toLowerCase();all.forEach(function(q){var on=(!state.value||q.dataset.state===state.value)&&q.textContent.toLowerCase().indexOf(w)>=0;q.hidden=!on;n+=on?1:0});out.textContent=n+' of '+all.length+' questions'}
        text.addEventListener('input',apply);state.addEventListener('change',apply);apply()})
        })()
        """;

    public static string Of(string title, Markup header, Markup navigation, Markup main) =>
        $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '{HashOf(Style)}'; script-src '{HashOf(Script)}'; base-uri 'none'; form-action 'none'">
        <title>{Markup.Escape(title)}</title>
        <style>{Style}</style>
        </head>
        <body>
        <a class="skip" href="#main">To the results</a>
        <header>{header}</header>
        <nav aria-label="Sections">{navigation}</nav>
        <main id="main" tabindex="-1">{main}</main>
        <script>{Script}</script>
        </body>
        </html>

        """;

    private static string HashOf(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";
}
