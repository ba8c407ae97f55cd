// prosperity: bundled from sources with the sha256 6d9145167e62d20501dce06e7e69fbe0eab850cdc651ce751d4c067143221f9a
var prosperity=(()=>{var m=Object.defineProperty;var u=Object.getOwnPropertyDescriptor;var s=Object.getOwnPropertyNames;var c=Object.prototype.hasOwnProperty;var h=(t,o)=>{for(var r in o)m(t,r,{get:o[r],enumerable:!0})},x=(t,o,r,e)=>{if(o&&typeof o=="object"||typeof o=="function")for(let n of s(o))!c.call(t,n)&&n!==r&&m(t,n,{get:()=>o[n],enumerable:!(e=u(o,n))||e.enumerable});return t};var p=t=>x(m({},"__esModule",{value:!0}),t);var b={};h(b,{formatter:()=>f});var a={en:"no data",zh:"\u65E0\u6570\u636E"},i={en:"en-GB",zh:"zh-CN"},M=t=>typeof t=="number"&&Number.isFinite(t);function f(t,o="en"){let r=new Intl.NumberFormat(i[o]??i.en,{minimumFractionDigits:t,maximumFractionDigits:t});return e=>M(e)?r.format(e).replace("-","\u2212"):a[o]??a.en}return p(b);})();
/*! What is in here of others:


*/
