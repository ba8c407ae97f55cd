"""The constants of the penalty-barrier method, each with the reason for its size."""

# --- the beginning ----------------------------------------------------------------------------------------------------

# The product of slacks and prices, and the distance from bounds, in sizes of levers and rows, the largest effect of a
# lever on the objective being 1: levers begin away from their bounds, and slopes are felt from the beginning.
PRODUCT, DISTANCE = 0.1, 0.1
# The same where a search begins anew from a point on its way, which is nearer.
PRODUCT_ANEW, DISTANCE_ANEW = 1e-3, 1e-2
# The largest part of an excess's price that a row's multiplier begins with: both sides of it have room.
PRICED = 0.5
# The same where multipliers are known from a first step.
PRICED_WARM = 0.9
# Few levers, whose curvature is whole, may begin near an optimum, as on the way over kinks: where the minimum of the
# linearized program gains less than this part of what all levers are worth, they stay near, at this product.
WARM_GAIN, PRODUCT_WARM = 0.2, 1e-6
# Numbers below this are none.
NO_MORE = 1e-100

# --- the path ---------------------------------------------------------------------------------------------------------

# The part of the way to the boundary that a step takes.
BACK = 0.995
# As long as the product falls to this part in a step, the predictor's whole error is corrected.
FALLS = 0.9
# Correctors of one direction; a step as long as this needs none, and one has to make it longer by this part.
CORRECTORS, LONG, WORTH = 2, 0.9, 1.01
# The widest range of the products, relative to their target.
SPREAD = 10.0
# The product aims at no less than this part of itself, and of the mean miss of slopes: it must not outrun them.
LEAST_FALL, BESIDE_SLOPES = 1e-3, 0.1
# The smallest product that is aimed at: slopes are known to 1e-16 of the largest.
SMALLEST_PRODUCT = 1e-17
# Below this product, the policy with the levers on the bounds that hold them is looked at: on the path they never are.
NEAR_THE_END = 1e-6
# The errors have to fall below this part of the largest of the last so many; else products are held (`pace.py`).
FALLING, LAST = 0.9999, 5
# Held products are reached at errors of so many times themselves; then they fall to this part, or to this power.
REACHED, SLOWLY, FASTER = 10.0, 0.2, 1.5

# --- steps ------------------------------------------------------------------------------------------------------------

# The part of the slope's promise that a step has to keep (Armijo), and how often it is halved.
ENOUGH, HALVINGS = 1e-4, 12
# The longest step, in sizes of levers or in the largest lever: beyond, what slopes tell is not worth a run.
LONGEST = 10.0
# Slopes below this, where curvature is negative, are those of a saddle or a maximum: the step follows the curvature.
FLAT = 1e-6
# How often limits may join in one iteration that a step met, before it is made shorter.
JOINS = 4
# What a row is missed by weighs so many times its multiplier, and so much at least: more than it needs to, and no more,
# since weights hold steps along curved limits up.
HEAVY, LIGHT = 2.0, 1e-2
# Where no step is good, curvature is added, first so much of the largest effect of a lever, and so many times more each
# time; it falls by the same factor after steps that were taken whole.
FIRST_DAMPING, DAMPS, MOST_DAMPING = 1e-6, 30.0, 1e10
# What is added to the curvature of a lever is the product, at least this: more would hold up the last steps.
LEAST_PROXIMITY = 1e-14
# Levers beyond so many of their sizes are counted anew in larger ones.
OUTGROWN = 4.0
# Slopes beyond so many units of the objective, or below such a part of one, are counted in another.
OUT_OF_UNIT = 1e2
# An optimum is followed to this product, in so many iterations at most, for the last digits of flat levers; in more of
# them where levers are few.
FINISHED, FINISHING, FEW_FINISHING = 1e-14, 1, 6
# Levers that went so far, in their sizes at the start, and could go on for ever, are looked at for growth without end.
FAR_AWAY = 1e6
# A search is over that in so many iterations, with products that are nearly nothing, does not come nearer by this part,
# nor gains this part of the objective.
IDLE, NEARER, GAINS = 12, 0.9, 1e-6
# How often a search begins anew where its path is lost.
ANEW = 4

# --- curvature --------------------------------------------------------------------------------------------------------

# Up to so many levers of one group, a dense matrix with all rows in it is cheap.
SMALL = 300
# Rough curvature is taken anew after so many iterations: it costs as much as three of them.
EVERY = 4
# The whole second derivative is kept as long as the residual falls to this part.
SERVES = 0.03
# Errors, the largest effect of a lever on the objective being 1, below which curvature is exact within groups, and
# directions are found with exact products: later, steps of rough blocks that hide negative curvature are short. The
# flagship's plan for 31 provinces, whose limits have multipliers of a thousand times that effect, was not near an
# optimum after 61 iterations at 1e-1, and within 4e-6 after 66 at 5e-1; `provinces-m16-y25-0` of the first edition took
# 46 at 1e-1 and 48 at 5e-1.
EXACT, PRODUCTS = 0.5, 0.5
# Both stay until errors are above this: a step by what blocks know alone may undo what exact products gained.
LEFT = 2.0
# Exact groups are taken from the beginning where they cost no more than so many times what rough ones do.
CHEAP = 3.0
# Exact groups are taken anew after so many iterations, and have at most so many levers.
EXACT_EVERY, LARGEST = 12, 1000
# Groups act on each other through national sums. Of so many, what each does to itself with the sums held is nearer to
# what it does than random signs show, in which all others are noise; of fewer, its own part of the sums is large.
SEVERAL = 8
# Directions whose products are taken at once, before it is asked again whether to stop.
AT_ONCE = 32
# Conjugate gradients end at this part of their first error, or that of the errors as these fall, but no finer than the
# last, or after so many products: near the end, products are cheaper than iterations.
SOLVED, FINEST, MOST_PRODUCTS = 1e-3, 1e-6, 40

# --- limits -----------------------------------------------------------------------------------------------------------

# The penalty is raised by this factor where a limit's price reaches this part of it, unless a step left no more than
# the last part of the excess. Then excess is on its way, and a penalty beyond use takes as long to leave as it took to
# reach: the flagship's plan for 31 provinces took 51 iterations from a start where it took 75 with penalties raised at
# once.
RAISED, RAISED_AT, MENDS = 10.0, 0.8, 0.8
# What the linearized limits leave of their excess, relative to what there is, at which a step of `REACH` sizes makes no
# progress with them; after so many looks in a row without progress, limits contradict each other.
NO_PROGRESS, REACH, STUCK = 0.98, 1.0, 3
# A look is taken where excess has not fallen to this part within so many iterations: few where levers are few, more
# where they are many, since it costs as much as ten of them.
SLOW, LAST_FEW, LAST_MANY = 0.9, 5, 20
# Where levers are many, limits take part from this distance on, relative to their size: each has a gradient in every
# iteration, and those that a step meets join it. The flagship's plan for 31 provinces took 142 s with 1,290 limits, and
# 250 s with 1,700 and two looks of 42 s that are not taken any more, in 53 iterations each, before gradients were taken
# on all processors. To let those that join begin at this distance, not at `DISTANCE`, made no difference.
NEAR_OF_MANY = 0.02
