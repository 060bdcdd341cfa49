/// The style sheet of a report: light and dark, wide and narrow, screen and paper.
enum ReportStyle {
  /// The colours of a page; drawings use those of ``Ink``, which the dark theme replaces by attribute.
  private static let inks: [(light: Colour, dark: Colour)] = [
    (Ink.text, Colour(0xE8EAED)), (Ink.muted, Colour(0xA8AEB4)), (Ink.axis, Colour(0x7C838A)),
    (Ink.grid, Colour(0x33383E)), (Ink.paper, Colour(0x181B1F)), (Ink.trace, Colour(0xD5DBE1)),
    (Ink.marker, Colour(0x2CC295)), (Ink.series[0], Colour(0x5AB0E8)), (Ink.series[1], Colour(0xF58A4B)),
    (Ink.series[3], Colour(0xE09BC1)),
  ]

  /// The sheet.
  static var text: String {
    func variables(_ colour: ((light: Colour, dark: Colour)) -> Colour) -> String {
      inks.enumerated().map { "--ink\($0):\(colour($1).hexadecimal);" }.joined()
    }
    let light =
      variables { $0.light }
      + "--panel:#f6f7f8;--accent:#0a66a8;--positive:#c4611a;--negative:#2b73b3;color-scheme:light;"
    let dark =
      variables { $0.dark }
      + "--panel:#20242a;--accent:#7cc0f4;--positive:#f08a3c;--negative:#5aa9e6;--image:invert(1) hue-rotate(180deg);"
      + "color-scheme:dark;"
    let drawings = inks.enumerated().map { place, ink in
      "svg [fill=\"\(ink.light.hexadecimal)\"]{fill:var(--ink\(place))}"
        + "svg [stroke=\"\(ink.light.hexadecimal)\"]{stroke:var(--ink\(place))}"
    }
    return """
      :root{\(light)}
      @media screen{:root[data-theme=dark]{\(dark)}}
      @media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){\(dark)}}
      \(drawings.joined(separator: "\n"))
      \(layout)
      """
  }

  private static let layout = #"""
    *{box-sizing:border-box}
    html{scroll-behavior:smooth;scroll-padding-top:7.5rem}
    @media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
    body{margin:0;background:var(--ink4);color:var(--ink0);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
    Helvetica,Arial,sans-serif}
    .skip{position:absolute;left:-999px}
    .skip:focus{left:1rem;top:1rem;z-index:9;background:var(--ink4);padding:.5rem 1rem}
    :focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:3px}
    a{color:var(--accent)}
    header,main,footer{max-width:1120px;margin:0 auto;padding:0 1.25rem}
    header{padding-top:2rem}
    h1{font-size:1.9rem;line-height:1.2;margin:0 0 .3rem;letter-spacing:-.01em;overflow-wrap:anywhere}
    h2{font-size:1.4rem;line-height:1.25;margin:0 0 .6rem;overflow-wrap:anywhere}
    h3{font-size:1rem;margin:1.4rem 0 .4rem}
    p{margin:.4rem 0 .8rem;max-width:72ch;overflow-wrap:anywhere}
    .muted,figcaption,caption{color:var(--ink1);font-size:.875rem}
    nav{position:sticky;top:0;z-index:4;background:var(--ink4);border-bottom:1px solid var(--ink3)}
    nav>div{max-width:1120px;margin:0 auto;padding:.45rem 1.25rem;display:flex;gap:.25rem 1.1rem;align-items:center;
    overflow-x:auto;white-space:nowrap;font-size:.9rem}
    nav a{text-decoration:none;padding:.15rem 0}
    nav a:hover{text-decoration:underline}
    nav button{margin-left:auto;flex:none}
    section{padding:1.6rem 0;border-top:1px solid var(--ink3)}
    .cell{scroll-margin-top:7.5rem}
    button,select{font:inherit;font-size:.875rem;color:inherit;background:var(--panel);border:1px solid var(--ink2);
    border-radius:5px;padding:.2rem .6rem;cursor:pointer}
    .time{position:sticky;top:2.6rem;z-index:3;background:var(--ink4);border-bottom:1px solid var(--ink3);
    display:flex;flex-wrap:wrap;gap:.5rem .75rem;align-items:center;padding:.5rem 0}
    .time label{display:flex;gap:.4rem;align-items:center;font-size:.875rem}
    .time input{flex:1 1 12rem;min-width:8rem;accent-color:var(--ink6);margin:0}
    .time output{font-variant-numeric:tabular-nums;font-size:.875rem;min-width:10em}
    figure{margin:.6rem 0 1rem}
    .wide{overflow-x:auto}
    .wide svg{display:block;width:100%;min-width:620px;height:auto}
    svg text{font-family:inherit}
    svg image{filter:var(--image,none)}
    svg .photograph{filter:none}
    .plots .wide svg{min-width:420px}
    .trace svg{cursor:crosshair;touch-action:pan-y}
    .marker line{stroke:var(--ink6);stroke-width:1.5;stroke-dasharray:4 3}
    .marker circle{fill:var(--ink6)}
    .said{font-size:1.05rem;max-width:none;background:var(--panel);border-left:4px solid var(--ink6);padding:.6rem .9rem;
    margin:.4rem 0 1rem;border-radius:0 6px 6px 0}
    .now{display:grid;grid-template-columns:230px minmax(260px,1fr) 236px;gap:1.5rem;align-items:start}
    .now h4,.maps h4{font-size:.9rem;margin:0 0 .4rem}
    .frame+div{margin-top:1.2rem}
    .frame svg{display:block;width:230px;height:230px;border:1px solid var(--ink2)}
    .frame circle{fill:none;stroke:#fff;stroke-width:6;vector-effect:non-scaling-stroke}
    .frame circle+circle{stroke:#009e73;stroke-width:3}
    .bars{border-collapse:collapse;width:100%;font-size:.8125rem;font-variant-numeric:tabular-nums}
    .bars th{font-weight:400;text-align:left;padding:0 .6rem 0 0;white-space:nowrap;width:1%}
    .bars td:last-child{width:4.6em;text-align:right;padding-left:.6rem}
    .bars tbody+tbody tr:first-child>*{padding-top:.5rem}
    .bar{position:relative;height:.95rem;background:linear-gradient(var(--ink2),var(--ink2)) center/1px 100% no-repeat}
    .bar i{position:absolute;top:1px;bottom:1px;background:var(--positive);border-radius:1px;
    print-color-adjust:exact;-webkit-print-color-adjust:exact}
    .bar i.down{background:var(--negative)}
    .maps{margin-top:1.2rem}
    .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(112px,1fr));gap:.7rem}
    .card{background:var(--panel);border:1px solid transparent;border-radius:6px;padding:.45rem;font-size:.8125rem;
    break-inside:avoid}
    .card.strong{border-color:var(--ink6)}
    .card header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.4rem;padding:0 0 .3rem;font-variant-numeric:tabular-nums}
    .card svg{display:block;width:100%;height:auto;background:var(--ink4)}
    .card .map{border:1px solid var(--ink2);aspect-ratio:var(--ratio,1)}
    .card small{display:block;color:var(--ink1);margin:.25rem 0 .1rem}
    .key{display:inline-block;vertical-align:middle;width:9rem;height:.6rem;border:1px solid var(--ink2);margin:0 .4rem;
    background:linear-gradient(90deg,#0b3c6f,#2b73b3,#7db4dc,#fff,#f2ae72,#c4611a,#6e2c05);filter:var(--image,none);
    print-color-adjust:exact;-webkit-print-color-adjust:exact}
    table.data{border-collapse:collapse;font-size:.8125rem;font-variant-numeric:tabular-nums;margin:.3rem 0}
    table.data caption{text-align:left;padding:0 0 .3rem}
    table.data th,table.data td{padding:.2rem .7rem .2rem 0;border-bottom:1px solid var(--ink3);text-align:right;
    vertical-align:top}
    table.data th{color:var(--ink1);font-weight:600}
    table.data .text{text-align:left;min-width:5.5em;max-width:34em;overflow-wrap:break-word}
    .downloads{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.4rem 0;font-size:.875rem}
    .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.8rem;margin:1rem 0;padding:0}
    .facts div{background:var(--panel);border-radius:6px;padding:.6rem .8rem}
    .facts dt{color:var(--ink1);font-size:.8125rem}
    .facts dd{margin:0;font-size:1.15rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    .plots>*{max-width:900px}
    .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:1rem}
    summary{cursor:pointer;font-size:.9rem;padding:.2rem 0}
    footer{padding-bottom:3rem;color:var(--ink1);font-size:.875rem}
    @media screen and (max-width:900px){.now{grid-template-columns:230px 1fr}.now>:last-child{grid-column:1/-1}}
    @media screen and (max-width:600px){
    .now{grid-template-columns:minmax(0,1fr)}
    .frame svg{width:min(100%,230px)}
    .cards{grid-template-columns:repeat(auto-fill,minmax(88px,1fr))}
    h1{font-size:1.5rem}
    header,main,footer{padding-left:1rem;padding-right:1rem}
    nav>div{padding-left:1rem;padding-right:1rem}
    }
    @media print{
    @page{size:A4;margin:14mm}
    html{font-size:9.5pt}
    body{font-size:9.5pt}
    nav,.time,.downloads,.skip,noscript{display:none!important}
    section{break-before:page;border:0;padding:0}
    #summary{break-before:auto}
    header,main,footer{max-width:none;padding:0}
    figure,.said,.now,.maps,.plots>*{break-inside:avoid}
    h2,h3,h4{break-after:avoid}
    .wide{overflow:visible}
    .wide svg,.plots .wide svg{min-width:0}
    .now{grid-template-columns:170px 1fr 170px;gap:1rem}
    .now svg{width:100%;height:auto}
    .frame svg{width:170px;height:170px}
    .cards{grid-template-columns:repeat(8,1fr);gap:.3rem}
    .card{padding:.25rem;font-size:7.5pt}
    .card header{flex-wrap:wrap}
    tr{break-inside:avoid}
    }
    """#
}
